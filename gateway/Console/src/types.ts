// The resources of the API that the console shows, as the gateway's OpenAPI description has them.

export interface Money { amount: string; currency: string }

export type OrderState = 'placed' | 'paid' | 'shipped' | 'delivered' | 'cancelled' | 'unknown';

export interface OrderLine { productId: string; quantity: number; unitPrice: Money; discountBasisPoints: number; total: Money }

export interface Order {
  orderId: string; userId: string; state: OrderState; lines: OrderLine[]; total: Money; version: number; placeTime: string; updateTime: string;
}

export interface Notification {
  notificationId: string; userId: string; kind: string; orderId: string; orderVersion: number; orderState: OrderState; eventTime: string; createTime: string; readTime?: string;
}

export interface OrderEvent { kind: string; order: Order; time: string; traceparent?: string }

export interface NotificationEvent { kind: string; notification: Notification; time: string; traceparent?: string }

export interface User { userId: string; displayName: string; email: string; version: number; createTime: string }

export interface SessionUser { userId: string; roles: string[]; sessionId?: string }

export interface Session { sessionId: string; isCurrent: boolean; clientId?: string; address: string; userAgent: string; createTime: string; expireTime: string }

export interface Problem { type: string; title: string; status: number; detail?: string; reason?: string; errors?: Record<string, string[]>; traceId?: string }

export interface Part<T> { status: string; data?: T; problem?: Problem }

export interface Overview { userId: string; complete: boolean; user?: Part<User>; orders?: Part<Order[]> }

export interface ReplicaStatus {
  address: string; health: string; lostTime?: string; processId?: string; version?: string; startTime?: string; requestsPerSecond: number; streams: number; streamLag: number; outboxAgeMs?: number; memoryBytes: number; processors: number;
}

export interface ServiceStatus { service: string; requestsPerSecond: number; errorsPerSecond: number; p99Ms?: number; streams: number; streamLag: number; replicas: ReplicaStatus[] }

export interface StreamStatus {
  streamId: string; service: string; replica: string; kind: string; method: string; user?: string; peer: string; openTime: string; tokenExpireTime?: string; queuedBytes: number; sent: number; lag: number;
  subscriptions: number; mostBehind: { key?: string; delivery: string; lag: number; topics: string[] }[]; draining: boolean;
}

export interface StreamsState { time: string; goneStreamIds: string[]; leftOut: number; behind: number; complete: boolean; lost: { service: string; replica: string; lostTime: string }[] }

export interface TopicStatus { service: string; topic: string; epoch: string; head: number; tail: number; updateTime: string; readers: number; logEvents?: number; logBytes?: number }

export interface SilentReplica { service: string; replica?: string }

export interface ShownEvent { offset: number; time: string; key?: string; size: number; messageType?: string; value?: unknown; payload: string }

export interface TopicPosition { time: string; epoch: string; offset: number; head: number; leftOut: number; reset?: string }

export interface SuiteStatus { time: string; services: ServiceStatus[]; alerts: { severity: string; service: string; address: string; text: string }[] }

export interface Endpoint {
  endpointId: string; ownerId: string; url: string; description: string; eventTypes: string[]; ordered: boolean; state: string; stateReason?: string; failingSince?: string;
  secrets: { secretId: string; createTime: string; expireTime?: string }[]; version: number; createTime: string; updateTime: string;
}

/** An endpoint and, where one was made for it, a secret, which is never told again. */
export interface EndpointWithSecret { endpoint: Endpoint; secret?: string }

export type DeliveryState = 'pending' | 'delivered' | 'failed' | 'unknown';

export interface Delivery {
  deliveryId: string; messageId: string; endpointId: string; ownerId: string; eventType: string; key: string; state: DeliveryState; attempts: number; nextAttemptTime?: string; lastStatus?: number; lastError?: string; createTime: string; endTime?: string;
}

export interface DeliveryEvent { kind: string; delivery?: Delivery; time: string }

export interface Attempt { time: string; durationMs: number; status?: number; error?: string; responseBody?: string }

export interface DeliveryDetails { delivery: Delivery; payload: string; attempts: Attempt[] }
