import { ApiError, call, get, path } from './api';
import { Followed } from './followed';
import { Polled } from './polled';
import { Resources } from './resources';
import type { ServerEvent } from './sse';
import type { Surroundings } from './stream';
import type { Delivery, DeliveryDetails, DeliveryEvent, DeliveryState, Endpoint } from './types';

/** The endpoints of an owner, oldest first; the service bounds how many there are. */
export class EndpointList extends Polled<readonly Endpoint[]> {
  constructor(readonly ownerId: string, changed: () => void) { super(changed); }

  protected async ask(): Promise<readonly Endpoint[]> {
    return (await get<{ endpoints: Endpoint[] }>(`/v1/webhooks/endpoints?${new URLSearchParams({ ownerId: this.ownerId })}`)).endpoints;
  }
}

/** Which deliveries are wanted: those of an endpoint, in one state or (empty) in any. */
export interface DeliveryQuery { endpointId: string; state: DeliveryState | '' }

interface DeliveryPage { deliveries: Delivery[]; nextPageToken?: string }

// A delivery has no version: what came later counts.
type Arrived = Delivery & { arrival: number };

const MaxDeliveries = 2_000;
const PageSize = 100;
const MaxReplayed = 500;

const endpointOf = (endpointId: string): string => path`/v1/webhooks/endpoints/${endpointId}`;

const pageOf = ({ endpointId, state }: DeliveryQuery, pageSize: number, pageToken = ''): Promise<DeliveryPage> =>
  get<DeliveryPage>(`${endpointOf(endpointId)}/deliveries?${new URLSearchParams({ ...state && { state }, pageSize: `${pageSize}`, pageToken })}`);

/** What every change of a delivery changes. */
const markOf = (delivery: Delivery | undefined): string => delivery ? `${delivery.state} ${delivery.attempts} ${delivery.endTime}` : '';

/** Sends messages again: those that are named, or, of those that were given up, the newest 500. It tells how many. */
export async function replay(endpointId: string, deliveryIds?: string[]): Promise<number> {
  const ids = deliveryIds ?? (await pageOf({ endpointId, state: 'failed' }, MaxReplayed)).deliveries.map(each => each.deliveryId);
  return ids.length === 0 ? 0 : (await call<{ count: number }>('POST', `${endpointOf(endpointId)}:replay`, { body: { deliveryIds: ids } })).count;
}

/** An endpoint and its deliveries, the newest first, as they happen; and of one of them all that is known. */
export class DeliveriesFeed extends Followed<[Endpoint, DeliveryPage]> {
  readonly deliveries = new Resources<Arrived>(MaxDeliveries, each => each.deliveryId, each => each.arrival, each => each.createTime);
  endpoint?: Endpoint;
  older?: string;
  details?: DeliveryDetails;
  detailsError?: unknown;
  isMissing = false;
  private held?: readonly Delivery[];
  private heldAt = 0;
  private shownId = '';
  private asked = 0;
  private arrivals = 0;
  private toldWhileReading = new Set<string>();

  constructor(readonly query: DeliveryQuery, around: Surroundings, changed: () => void, sessionEnded: () => void) {
    super(`${endpointOf(query.endpointId)}/deliveries/events`, () => this.readAll(), around, changed, sessionEnded);
  }

  get shown(): readonly Delivery[] { return this.held ?? this.deliveries.items; }

  get isHeld(): boolean { return this.held !== undefined; }

  /** How many changes have come since it is held. */
  get waiting(): number { return this.received - this.heldAt; }

  hold(): void {
    [this.held, this.heldAt] = this.held ? [undefined, 0] : [[...this.deliveries.items], this.received];
    this.changed();
  }

  /** Shows what is known of a delivery, and goes on showing it as it changes. */
  async show(deliveryId: string): Promise<void> {
    const mine = ++this.asked;
    this.shownId = deliveryId;
    const answer = await get<DeliveryDetails>(path`/v1/webhooks/deliveries/${deliveryId}`).then(details => ({ details }), (error: unknown) => ({ error }));
    if (mine !== this.asked) return;
    [this.details, this.detailsError] = 'details' in answer ? [answer.details, undefined] : [undefined, answer.error];
    this.changed();
  }

  async loadOlder(): Promise<void> {
    const page = await pageOf(this.query, PageSize, this.older);
    for (const each of page.deliveries) if (!this.deliveries.get(each.deliveryId)) this.put(each);
    this.older = this.deliveries.dropped === 0 ? page.nextPageToken : undefined;
    this.changed();
  }

  /** The endpoint as a command was answered with it. */
  answered(endpoint: Endpoint): void {
    this.endpoint = endpoint;
    this.changed();
  }

  // It does not come back.
  override missing(since: number): void {
    super.missing(since);
    this.isMissing = true;
    this.close();
    this.changed();
  }

  protected change({ name, data }: ServerEvent): void {
    if (name !== 'delivery') return;
    const { kind, delivery } = JSON.parse(data) as DeliveryEvent;
    if (kind === 'endpoint_disabled') this.check();
    if (!delivery) return;
    this.received++;
    this.toldWhileReading.add(delivery.deliveryId);
    if (this.query.state === '' || this.query.state === delivery.state) this.put(delivery);
    else this.deliveries.remove(delivery.deliveryId);
    this.follow(delivery);
    this.told(delivery.deliveryId, 1);
  }

  protected take([endpoint, { deliveries, nextPageToken }]: [Endpoint, DeliveryPage], compare: boolean): void {
    this.endpoint = endpoint;
    if (!compare) this.older = nextPageToken;
    const oldest = compare && nextPageToken !== undefined ? Date.parse(deliveries.at(-1)!.createTime) : -Infinity;
    const read = new Set(deliveries.map(each => each.deliveryId));
    // What is not there any more is in another state, or deleted.
    for (const { deliveryId, createTime } of [...this.deliveries.items])
      if (!read.has(deliveryId) && !this.toldWhileReading.has(deliveryId) && Date.parse(createTime) > oldest) this.deliveries.remove(deliveryId);
    for (const each of deliveries) {
      // What the stream has told since this was asked for may be newer.
      if (this.toldWhileReading.has(each.deliveryId)) continue;
      if (compare && markOf(each) !== markOf(this.deliveries.get(each.deliveryId))) this.expect(each.deliveryId, 1, 0);
      this.put(each);
      this.follow(each);
    }
  }

  private async readAll(): Promise<[Endpoint, DeliveryPage]> {
    this.toldWhileReading = new Set();
    try {
      return await Promise.all([get<Endpoint>(endpointOf(this.query.endpointId)), pageOf(this.query, PageSize)]);
    } catch (error) {
      if (error instanceof ApiError && error.isNotFound) this.missing(Date.now());
      throw error;
    }
  }

  private put(delivery: Delivery): void { this.deliveries.apply({ ...delivery, arrival: ++this.arrivals }); }

  private follow(delivery: Delivery): void {
    if (delivery.deliveryId === this.shownId && markOf(delivery) !== markOf(this.details?.delivery)) void this.show(this.shownId);
  }
}
