import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { UserFeed, type Snapshot } from '../src/feed';
import { OperationsFeed } from '../src/operations';
import { Resources } from '../src/resources';
import { SseParser } from '../src/sse';
import { StreamsFeed } from '../src/streams';
import { curlOf, TopicFeed, urlOf, type TopicQuery } from '../src/topic';
import type { Delivery, Order } from '../src/types';
import { DeliveriesFeed, replay } from '../src/webhooks';

const order = (orderId: string, version: number): Order => ({
  orderId, userId: 'ada', state: 'placed', lines: [], total: { amount: '1', currency: 'EUR' }, version, placeTime: '2026-01-31T12:00:00Z', updateTime: '2026-01-31T12:00:00Z',
});

test('However a stream of events is cut into pieces, the same events come of it', () => {
  const text = ': still here\n\nevent: order\ndata: {"a":1}\nid: 7\n\nevent: end\r\ndata: x\r\ndata: y\r\n\r\ndata: z\n\n';
  const whole = new SseParser().push(text);
  assert.deepEqual(whole.map(event => [event.name, event.data, event.id]), [['order', '{"a":1}', '7'], ['end', 'x\ny', '7'], ['message', 'z', '7']]);
  fc.assert(fc.property(fc.array(fc.nat(text.length)), cuts => {
    const parser = new SseParser();
    const at = [0, ...cuts.sort((a, b) => a - b), text.length];
    assert.deepEqual(at.slice(1).flatMap((end, i) => parser.push(text.slice(at[i], end))), whole);
  }));
});

test('Whatever the order in which versions arrive, each resource is there once and in its newest version, and never more than the bound', () => {
  fc.assert(fc.property(fc.array(fc.record({ id: fc.nat(8), version: fc.integer({ min: 1, max: 9 }) })), arrivals => {
    const resources = new Resources<Order>(5, o => o.orderId, o => o.version, o => `2026-01-0${Number(o.orderId) + 1}T00:00:00Z`);
    for (const { id, version } of arrivals) resources.apply(order(String(id), version));
    const ids = [...new Set(arrivals.map(each => each.id))].sort((a, b) => b - a).slice(0, 5);
    assert.deepEqual(resources.items.map(each => each.orderId), ids.map(String));
    for (const item of resources.items) assert.ok(arrivals.some(each => String(each.id) === item.orderId && each.version === item.version));
  }));
});

/** A gateway, a clock and a feed that uses them. */
class World {
  now = 1_000_000;
  up = true;
  status = 200;
  readonly orders = new Map<string, number>();
  readonly requests: (string | undefined)[] = [];
  isEnded = false;
  private timers: { at: number; run: () => void }[] = [];
  private output?: ReadableStreamDefaultController<Uint8Array>;
  private log: { id: string; version: number }[] = [];
  readonly feed = new UserFeed('/events', () => this.read(), {
    now: () => this.now, random: () => 0.5, fetch: (_, init) => this.serve(init),
    after: (ms, run) => {
      const timer = { at: this.now + ms, run };
      this.timers.push(timer);
      return () => { this.timers = this.timers.filter(each => each !== timer); };
    },
  }, () => {}, () => { this.isEnded = true; });

  async settle(): Promise<void> { for (let i = 0; i < 20; i++) await new Promise(setImmediate); }

  async pass(ms: number): Promise<void> {
    const end = this.now + ms;
    for (;;) {
      const next = this.timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.now = Math.max(this.now, next.at);
      this.timers = this.timers.filter(timer => timer !== next);
      next.run();
      await this.settle();
    }
    this.now = end;
    await this.settle();
  }

  change(id: string, tell = true): void {
    const version = (this.orders.get(id) ?? 0) + 1;
    this.orders.set(id, version);
    this.log.push({ id, version });
    if (tell) this.tell(this.log.length - 1);
  }

  heartbeat(): void { this.write(': still here\n\n'); }

  cut(): void {
    try { this.output?.close(); } catch { /* It was closed before. */ }
    this.output = undefined;
  }

  private tell(i: number): void {
    const { id, version } = this.log[i]!;
    this.write(`event: order\ndata: ${JSON.stringify({ kind: 'placed', order: order(id, version), time: '' })}\nid: ${i + 1}\n\n`);
  }

  private write(text: string): void { this.output?.enqueue(new TextEncoder().encode(text)); }

  private async read(): Promise<Snapshot> {
    if (!this.up) throw new TypeError('down');
    return { orders: [...this.orders].map(([id, version]) => order(id, version)), notifications: [], unread: 0 };
  }

  private async serve(init: RequestInit): Promise<Response> {
    const from = (init.headers as Record<string, string>)['Last-Event-ID'];
    this.requests.push(from);
    if (!this.up) throw new TypeError('down');
    if (this.status !== 200) return new Response(null, { status: this.status });
    const body = new ReadableStream<Uint8Array>({ start: output => { this.output = output; } });
    init.signal!.addEventListener('abort', () => this.cut());
    this.write(`event: ready\ndata: {"heartbeatMs":15000}\nid: ${from ?? this.log.length}\n\n`);
    if (from !== undefined) for (let i = Number(from); i < this.log.length; i++) this.tell(i);
    return new Response(body);
  }
}

const opened = async (): Promise<World> => {
  const world = new World();
  world.change('a', false);
  world.feed.open();
  await world.settle();
  assert.deepEqual(world.feed.status, { kind: 'live' });
  return world;
};

test('A stream on which nothing is heard, not even heartbeats, is not live', async () => {
  const world = await opened();
  await world.pass(15_000);
  world.heartbeat();
  await world.settle();
  await world.pass(15_000);
  assert.equal(world.feed.status.kind, 'live');
  world.up = false;
  await world.pass(30_000);
  assert.equal(world.feed.status.kind, 'offline');
  world.up = true;
  world.change('b', false);
  await world.pass(20_000);
  assert.deepEqual(world.feed.status, { kind: 'live' });
  assert.deepEqual(world.feed.orders.items.map(each => each.orderId).sort(), ['a', 'b']);
});

test('A stream that says nothing of what is there to read is behind, and says by how many', async () => {
  const world = await opened();
  world.change('b', false);
  await world.pass(13_000);
  assert.deepEqual(world.feed.status, { kind: 'catching-up', behind: 1 });
  assert.equal(world.feed.orders.versionKnown('b'), 1);
});

test('A stream that is refused with 401 is the end, and is not asked for again', async () => {
  const world = await opened();
  world.status = 401;
  world.cut();
  await world.pass(60_000);
  assert.ok(world.isEnded);
  assert.equal(world.requests.length, 2);
});

test('Whatever is cut off and changed, in the end all is there once, in its newest version, and live', async () => {
  await fc.assert(fc.asyncProperty(fc.array(fc.oneof(fc.constantFrom('cut', 'down', 'up', 'wait', 'heartbeat'), fc.nat(4)), { maxLength: 25 }), async steps => {
    const world = await opened();
    for (const step of steps) {
      if (typeof step === 'number') world.change(`o${step}`);
      else if (step === 'cut') world.cut();
      else if (step === 'heartbeat') world.heartbeat();
      else if (step === 'wait') await world.pass(3_000);
      else world.up = step === 'up';
      await world.settle();
    }
    world.up = true;
    await world.pass(60_000);
    assert.deepEqual(Object.fromEntries(world.feed.orders.items.map(each => [each.orderId, each.version])), Object.fromEntries(world.orders));
    assert.equal(world.feed.status.kind, 'live');
    world.feed.close();
  }), { numRuns: 60 });
});

test('However long an operator looks, only the last minutes are kept, and what is held still does not move', () => {
  const feed = new OperationsFeed({ now: Date.now, random: Math.random, fetch: () => Promise.reject(new Error()), after: () => () => {} }, () => {}, () => {});
  const tell = (second: number) => feed.event({
    name: 'operations', id: '',
    data: JSON.stringify({ time: new Date(second * 1_000).toISOString(), services: [{ service: 'orders', requestsPerSecond: second, errorsPerSecond: 0, streams: 0, streamLag: 0, replicas: [] }], alerts: [] }),
  });
  assert.equal(feed.status.kind, 'connecting');
  for (let second = 0; second < 1_000; second++) tell(second);
  assert.deepEqual([feed.shown!.history.length, feed.shown!.history[0]!.time, feed.status.kind], [300, 700, 'live']);
  feed.hold();
  tell(1_000);
  assert.deepEqual([feed.shown!.history.at(-1)!.time, feed.shown!.latest.services[0]!.requestsPerSecond], [999, 999]);
  feed.hold();
  assert.equal(feed.shown!.history.at(-1)!.time, 1_000);
  feed.lost(5);
  assert.deepEqual(feed.status, { kind: 'offline', since: 5 });
});

test('Of streams the latest is shown, and after a new connection not before all of it was told', () => {
  const feed = new StreamsFeed({ now: Date.now, random: Math.random, fetch: () => Promise.reject(new Error()), after: () => () => {} }, () => {}, () => {});
  const tell = (name: string, data: object) => feed.event({ name, id: '', data: JSON.stringify(data) });
  const stream = (streamId: string, lag = 0) => tell('stream', { streamId, lag, openTime: '2026-01-31T12:00:00Z', mostBehind: [] });
  const state = (complete: boolean, behind = 0, goneStreamIds: string[] = []) => tell('streams', { time: '2026-01-31T12:00:00Z', goneStreamIds, leftOut: 0, behind, complete, lost: [] });
  const shown = () => feed.shown!.streams.map(each => `${each.streamId}${each.lag}`).join();
  assert.equal(feed.status.kind, 'connecting');
  feed.opened();
  stream('a');
  stream('b');
  state(false, 2);
  assert.deepEqual([shown(), feed.status], ['a0,b0', { kind: 'catching-up', behind: 2 }]);
  stream('c', 3);
  state(true, 0, ['a']);
  assert.deepEqual([shown(), feed.status.kind], ['c3,b0', 'live']);
  feed.hold();
  stream('b', 9);
  state(true);
  assert.equal(shown(), 'c3,b0');
  feed.hold();
  assert.equal(shown(), 'b9,c3');
  feed.lost(5);
  assert.deepEqual(feed.status, { kind: 'offline', since: 5 });
  feed.opened();
  stream('d');
  state(false, 1);
  assert.deepEqual([shown(), feed.status], ['b9,c3', { kind: 'catching-up', behind: 1 }]);
  stream('e');
  state(true);
  assert.deepEqual([shown(), feed.status.kind], ['d0,e0', 'live']);
});

test('Of a topic the newest events are kept, what is not shown is counted over all connections, and a held view does not move', () => {
  const query: TopicQuery = { service: 'orders', topic: 'orders/user/ada', from: 'now', value: '', key: '' };
  const feed = new TopicFeed(query, { now: Date.now, random: Math.random, fetch: () => Promise.reject(new Error()), after: () => () => {} }, () => {}, () => {});
  const tell = (name: string, data: object, id: string): void => feed.event({ name, data: JSON.stringify(data), id });
  assert.equal(feed.status.kind, 'connecting');
  feed.opened();
  for (let offset = 1; offset <= 502; offset++) tell('event', { offset }, `c${offset}`);
  tell('position', { offset: 502, head: 510, leftOut: 3 }, 'c502');
  assert.deepEqual(feed.status, { kind: 'catching-up', behind: 8 });
  feed.hold();
  feed.lost(1);
  assert.equal(feed.status.kind, 'offline');
  feed.opened();
  tell('event', { offset: 510 }, 'c510');
  tell('position', { offset: 510, head: 510, leftOut: 7 }, 'c510');
  assert.equal(feed.status.kind, 'live');
  assert.deepEqual([feed.shown!.events[0]!.offset, feed.shown!.leftOut], [502, 3]);
  feed.hold();
  const { events, leftOut, dropped, lastId } = feed.shown!;
  assert.deepEqual([events.length, events[0]!.offset, leftOut, dropped, lastId], [500, 510, 10, 3, 'c510']);
});

test('The command for curl begins where the page has begun, and goes on after what it has shown', () => {
  const query: TopicQuery = { service: 'orders', topic: 'orders/user/ada', from: 'offset', value: '7', key: "it's" };
  assert.equal(urlOf(query), '/v1/topics/orders/orders/user/ada/events?offset=7&key=it%27s');
  assert.ok(curlOf(query, 'http://x', '').startsWith("curl -N 'http://x/v1/topics/orders/orders/user/ada/events?offset=7&key=it%27s' "));
  assert.ok(curlOf(query, 'http://x', 'abc').endsWith(" -H 'Last-Event-ID: abc'"));
  assert.ok(curlOf(query, 'http://x', 'abc').startsWith("curl -N 'http://x/v1/topics/orders/orders/user/ada/events?key=it%27s' "));
});

test('A topic that does not exist is said to be so, and is live once it does', async () => {
  const query: TopicQuery = { service: 'orders', topic: 'orders/user/ada', from: 'now', value: '', key: '' };
  let [status, again] = [404, () => {}];
  const position = 'event: ready\ndata: {"heartbeatMs":1000}\n\nevent: position\ndata: {"offset":1,"head":1,"leftOut":0}\nid: c1\n\n';
  const feed = new TopicFeed(query, {
    now: Date.now, random: Math.random, after: (_, run) => { again = run; return () => {}; },
    fetch: async () => new Response(status === 404 ? null : new ReadableStream({ start: output => output.enqueue(new TextEncoder().encode(position)) }), { status }),
  }, () => {}, () => {});
  feed.open();
  await new Promise(setImmediate);
  assert.equal(feed.isMissing, true);
  status = 200;
  again();
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
  assert.deepEqual([feed.isMissing, feed.status.kind], [false, 'live']);
});

test('Deliveries are as the stream has told them last, whatever is read meanwhile, and what is in another state than wanted goes', async () => {
  const delivery = (deliveryId: string, state: Delivery['state'], attempts = 0): Delivery =>
    ({ deliveryId, messageId: '', endpointId: 'e', ownerId: 'ada', eventType: '', key: '', state, attempts, createTime: `2026-01-31T12:00:0${deliveryId}Z` });
  let there: Delivery[] = [delivery('1', 'pending')];
  let beforeAnswer = (): void => {};
  let now = 1_000_000;
  const requests: string[] = [];
  globalThis.fetch = async (url, init) => {
    requests.push(`${init?.method} ${String(url)} ${init?.body ?? ''}`);
    const read = String(url).endsWith(':replay') ? { count: 2 } : String(url).includes('/deliveries') ? { deliveries: there } : { endpointId: 'e' };
    beforeAnswer();
    return Response.json(read);
  };
  const settle = async (): Promise<void> => { for (let i = 0; i < 20; i++) await new Promise(setImmediate); };
  const follow = async (state: '' | 'pending'): Promise<[DeliveriesFeed, (told: Delivery) => void, () => string]> => {
    const feed = new DeliveriesFeed({ endpointId: 'e', state }, { now: () => now, random: Math.random, fetch: () => Promise.reject(new Error()), after: () => () => {} }, () => {}, () => {});
    feed.opened();
    await settle();
    return [feed, told => feed.event({ name: 'delivery', id: '', data: JSON.stringify({ kind: 'x', delivery: told }) }), () => feed.shown.map(each => `${each.deliveryId} ${each.state} ${each.attempts}`).join()];
  };

  const [all, tell, shown] = await follow('');
  assert.deepEqual([shown(), all.status.kind], ['1 pending 0', 'live']);
  // The answer was on its way when the stream told more.
  beforeAnswer = () => { tell(delivery('1', 'delivered', 1)); tell(delivery('2', 'pending')); };
  all.opened();
  await settle();
  beforeAnswer = () => {};
  assert.deepEqual([shown(), all.status.kind], ['2 pending 0,1 delivered 1', 'live']);
  // What was read and is not told by the stream is missing there.
  there = [delivery('2', 'failed', 10), delivery('1', 'delivered', 1)];
  all.opened();
  await settle();
  now += 2_000;
  assert.deepEqual([shown(), all.status], ['2 failed 10,1 delivered 1', { kind: 'catching-up', behind: 1 }]);
  tell(delivery('2', 'failed', 10));
  assert.equal(all.status.kind, 'live');
  all.close();

  there = [delivery('2', 'pending', 3), delivery('1', 'pending', 1)];
  const [pending, tellPending, shownPending] = await follow('pending');
  tellPending(delivery('1', 'delivered', 2));
  tellPending(delivery('3', 'pending'));
  assert.equal(shownPending(), '3 pending 0,2 pending 3');
  pending.close();

  assert.equal(await replay('e'), 2);
  assert.equal(requests.at(-1), 'POST /v1/webhooks/endpoints/e:replay {"deliveryIds":["2","1"]}');
});
