import { Followed } from './followed';
import { Resources } from './resources';
import type { ServerEvent } from './sse';
import type { Notification, NotificationEvent, Order, OrderEvent } from './types';

/** What was read at some time: the newest resources, and where older ones are. */
export interface Snapshot { orders: Order[]; olderOrders?: string; notifications: Notification[]; unread: number }

/** One change of an order, as it came. */
export interface Change { id: string; event: OrderEvent }

const MaxResources = 2_000;
const MaxChanges = 500;

/**
 * A user's orders and notifications, kept up by the stream of the user's events. What the stream tells and what is read are put together by version, so that it does not matter which comes first.
 */
export class UserFeed extends Followed<Snapshot> {
  readonly orders = new Resources<Order>(MaxResources, order => order.orderId, order => order.version, order => order.placeTime);
  readonly notifications = new Resources<Notification>(MaxResources, n => n.notificationId, n => n.readTime ? 2 : 1, n => n.createTime);
  readonly changes: Change[] = [];
  unread = 0;
  olderOrders?: string;

  /** What a command was answered with: the stream has to tell of it too. */
  answered(order: Order): void {
    this.expect(order.orderId, order.version, this.orders.versionKnown(order.orderId));
    this.orders.apply(order);
    this.changed();
  }

  protected change({ name, data, id }: ServerEvent): void {
    if (name === 'order') this.orderEvent(JSON.parse(data) as OrderEvent, id);
    else if (name === 'notification') this.notificationEvent(JSON.parse(data) as NotificationEvent);
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

  protected take(snapshot: Snapshot, compare: boolean): void {
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
  }
}
