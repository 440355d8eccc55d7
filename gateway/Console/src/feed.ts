import { Resources } from './resources';
import { EventStream, type StreamListener, type Surroundings } from './stream';
import type { ServerEvent } from './sse';
import type { Notification, NotificationEvent, Order, OrderEvent } from './types';

export type Status =
  | { kind: 'connecting' }
  | { kind: 'live' }
  | { kind: 'catching-up'; behind: number }
  | { kind: 'reset'; reason: string }
  | { kind: 'offline'; since: number };

/** What was read at some time: the newest resources, and where older ones are. */
export interface Snapshot { orders: Order[]; olderOrders?: string; notifications: Notification[]; unread: number }

/** One change of an order, as it came. */
export interface Change { id: string; event: OrderEvent }

const MaxResources = 2_000;
const MaxChanges = 500;
// What was read and is not told by the stream within this is missing there.
const Grace = 1_500;
const ReadAgain = 10_000;
const ReadAgainAfterFailure = 1_000;

/**
 * A user's orders and notifications, kept up by the stream of the user's events. What the stream tells and what is read are put together by version, so that it does not matter which comes first. The
 * state is "live" only while the stream is heard, and has told of all that was read: it is read again from time to time to see that.
 */
export class UserFeed implements StreamListener {
  readonly orders = new Resources<Order>(MaxResources, order => order.orderId, order => order.version, order => order.placeTime);
  readonly notifications = new Resources<Notification>(MaxResources, n => n.notificationId, n => n.readTime ? 2 : 1, n => n.createTime);
  readonly changes: Change[] = [];
  unread = 0;
  olderOrders?: string;
  isLoaded = false;
  error?: unknown;
  /** How many orders have come by the stream. */
  received = 0;

  private readonly stream: EventStream;
  private readonly awaited = new Map<string, { version: number; since: number }>();
  private connection: 'connecting' | 'open' | 'renewing' | 'lost' = 'connecting';
  private lostSince = 0;
  private resetReason?: string;
  private wasLost = false;
  private reading?: Promise<void>;
  private takeBack?: () => void;
  private closed = false;

  constructor(
    url: string, private readonly read: () => Promise<Snapshot>, private readonly around: Surroundings, private readonly changed: () => void, private readonly sessionEnded: () => void) {
    this.stream = new EventStream(url, this, around);
  }

  get status(): Status {
    if (this.connection === 'lost') return { kind: 'offline', since: this.lostSince };
    if (this.connection === 'connecting' || !this.isLoaded) return { kind: 'connecting' };
    if (this.resetReason !== undefined) return { kind: 'reset', reason: this.resetReason };
    const behind = this.behind;
    return behind > 0 || this.wasLost || this.connection === 'renewing' ? { kind: 'catching-up', behind } : { kind: 'live' };
  }

  open(): void { this.stream.open(); }

  close(): void {
    this.closed = true;
    this.takeBack?.();
    this.stream.close();
  }

  /** The page is seen again, or the network is back. */
  check(): void {
    this.stream.check();
    void this.readAgain();
  }

  opened(): void {
    this.connection = 'open';
    void this.readAgain();
    this.changed();
  }

  renewing(): void {
    [this.connection, this.wasLost] = ['renewing', true];
    this.changed();
  }

  lost(since: number): void {
    if (this.connection !== 'lost') [this.connection, this.lostSince, this.wasLost] = ['lost', since, true];
    this.changed();
  }

  forgotten(): void { this.reset('forgotten'); }

  ended(): void { this.sessionEnded(); }

  event({ name, data, id }: ServerEvent): void {
    if (name === 'order') this.orderEvent(JSON.parse(data) as OrderEvent, id);
    else if (name === 'notification') this.notificationEvent(JSON.parse(data) as NotificationEvent);
    else if (name === 'reset') this.reset((JSON.parse(data) as { reason: string }).reason);
    else return;
    this.changed();
  }

  /** What a command was answered with: the stream has to tell of it too. */
  answered(order: Order): void {
    this.expect(order.orderId, order.version, this.orders.versionKnown(order.orderId));
    this.orders.apply(order);
    this.around.after(Grace, this.changed);
    this.changed();
  }

  private get behind(): number {
    const before = this.around.now() - (this.wasLost ? -1 : Grace);
    return [...this.awaited.values()].filter(each => each.since < before).length;
  }

  private orderEvent(event: OrderEvent, id: string): void {
    this.received++;
    this.changes.push({ id, event });
    if (this.changes.length > MaxChanges) this.changes.shift();
    this.orders.apply(event.order);
    this.told(event.order.orderId, event.order.version);
  }

  private notificationEvent({ notification }: NotificationEvent): void {
    const before = this.notifications.get(notification.notificationId);
    if (this.notifications.apply(notification)) this.unread += notification.readTime ? (before ? -1 : 0) : 1;
    this.told(notification.notificationId, notification.readTime ? 2 : 1);
  }

  private reset(reason: string): void {
    this.resetReason = reason;
    this.awaited.clear();
    void this.readAgain();
  }

  private expect(id: string, version: number, known: number): void {
    if (version > known) this.awaited.set(id, { version, since: this.around.now() });
  }

  private told(id: string, version: number): void {
    const awaited = this.awaited.get(id);
    if (awaited && awaited.version <= version) this.awaited.delete(id);
    this.settle();
  }

  private settle(): void {
    if (this.wasLost && this.connection === 'open' && !this.reading && this.awaited.size === 0) this.wasLost = false;
  }

  /** Reads it all again; one at a time. */
  private readAgain(): Promise<void> {
    this.reading ??= this.readNow().finally(() => {
      this.reading = undefined;
      this.settle();
      this.changed();
    });
    return this.reading;
  }

  private async readNow(): Promise<void> {
    this.takeBack?.();
    // A reset while this is read asks for another reading.
    const reason = this.resetReason;
    let next = ReadAgain;
    try {
      this.take(await this.read(), this.isLoaded && reason === undefined);
      this.error = undefined;
      if (this.resetReason === reason) this.resetReason = undefined;
      else next = 0;
    } catch (error) {
      this.error = error;
      next = ReadAgainAfterFailure;
      // Reading fails while the stream seems to stand: either it is dead as well, or it is opened again at once.
      if (!this.closed && this.connection === 'open') this.stream.suspect();
    }
    if (!this.closed) this.takeBack = this.around.after(next, () => void this.readAgain());
  }

  private take(snapshot: Snapshot, compare: boolean): void {
    for (const order of snapshot.orders) {
      if (compare) this.expect(order.orderId, order.version, this.orders.versionKnown(order.orderId));
      this.orders.apply(order);
    }
    for (const notification of snapshot.notifications) {
      if (compare) this.expect(notification.notificationId, notification.readTime ? 2 : 1, this.notifications.versionKnown(notification.notificationId));
      this.notifications.apply(notification);
    }
    this.unread = snapshot.unread;
    if (!this.isLoaded) this.olderOrders = snapshot.olderOrders;
    this.isLoaded = true;
    if (this.awaited.size > 0) this.around.after(Grace + 1, this.changed);
  }
}
