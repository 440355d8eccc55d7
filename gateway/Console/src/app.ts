import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { ApiError, call, get, newKey, onSessionEnded, path } from './api';
import { around } from './browser';
import { UserFeed, type Snapshot } from './feed';
import type { Followed } from './followed';
import { number } from './format';
import type { LatestFeed } from './latest';
import { Loader } from './loader';
import { OperationsFeed } from './operations';
import { dashboardPage } from './pages/dashboard';
import { notificationsPage } from './pages/notifications';
import { orderPage } from './pages/order';
import { ordersPage } from './pages/orders';
import { sessionsPage } from './pages/sessions';
import { streamsPage } from './pages/streams';
import { topicPage, topicsPage } from './pages/topics';
import { userPage, usersPage, type UserList } from './pages/users';
import { endpointPage, webhooksPage } from './pages/webhooks';
import { empty, loading, problem, statusBadge } from './pieces';
import { match, type Page } from './routes';
import { StreamsFeed } from './streams';
import { TopicFeed, type TopicQuery } from './topic';
import { TopicList } from './topics';
import type { Notification, Order, Session, SessionUser, ShownEvent } from './types';
import { DeliveriesFeed, EndpointList, type DeliveryQuery } from './webhooks';

const SummaryInterval = 5_000;
const notFound = html`<h1 tabindex="-1">Page not found</h1>${empty('There is no such page.')}`;

// Of what a path names: the service, and its topic, whose name has slashes.
const cut = (id: string): string[] => /^([^/]+)\/(.+)$/.exec(id)?.slice(1) ?? [];

/** The whole page: who is logged in, the user's feed, and the page that the address names. It is one element without a shadow, so that one stylesheet is for all. */
export class App extends LitElement {
  user?: SessionUser;
  feed?: UserFeed;
  operations?: OperationsFeed;
  streams?: StreamsFeed;
  topics?: TopicList;
  topic?: TopicFeed;
  endpoints?: EndpointList;
  deliveries?: DeliveriesFeed;
  event?: ShownEvent;
  copied = '';
  filter = '';
  held?: readonly Order[];
  heldAt = 0;
  actionError?: unknown;
  private page: { page: Page; id: string } | undefined;
  private ownerId = '';
  private startError?: unknown;
  private leaving = false;
  private summary = '';
  private readonly loader = new Loader(() => this.requestUpdate());
  private readonly tabs = new BroadcastChannel('session');

  get isOperator(): boolean { return this.user?.roles.includes('operator') ?? false; }
  detail<T>(): T | undefined { return this.loader.value as T | undefined; }
  get detailError(): unknown { return this.loader.error; }
  get detailIsMissing(): boolean { return this.loader.error instanceof ApiError && this.loader.error.isNotFound; }

  protected override createRenderRoot(): HTMLElement { return this; }

  override connectedCallback(): void {
    super.connectedCallback();
    onSessionEnded(() => this.leave());
    this.tabs.onmessage = () => this.leave();
    addEventListener('popstate', event => this.shown(event));
    addEventListener('click', event => this.clicked(event));
    addEventListener('online', () => this.check());
    addEventListener('offline', () => this.check());
    document.addEventListener('visibilitychange', () => document.hidden || this.check());
    // A page that the browser has kept shows nothing before the session is known again.
    addEventListener('pageshow', event => event.persisted && location.reload());
    setInterval(() => this.summarise(), SummaryInterval);
    void this.start();
  }

  private async start(): Promise<void> {
    this.page = match(location.pathname);
    try {
      this.user = await get<SessionUser>('/bff/user');
    } catch (error) {
      this.startError = error;
      this.requestUpdate();
      setTimeout(() => this.leaving || void this.start(), 2_000);
      return;
    }
    this.startError = undefined;
    const events = path`/v1/users/${this.user.userId}/events`;
    this.feed = new UserFeed(events, () => this.read(), around, () => this.requestUpdate(), () => this.leave());
    this.feed.open();
    this.load();
    this.requestUpdate();
  }

  private check(): void {
    this.feed?.check();
    this.operations?.check();
    this.streams?.check();
    this.topic?.check();
    this.deliveries?.check();
  }

  private async read(): Promise<Snapshot> {
    const user = this.user!.userId;
    const [orders, inbox] = await Promise.all([
      get<{ orders: Order[]; nextPageToken?: string }>(path`/v1/users/${user}/orders`),
      get<{ notifications: Notification[]; unreadCount: number }>(path`/v1/users/${user}/notifications`),
    ]);
    return { orders: orders.orders, olderOrders: orders.nextPageToken, notifications: inbox.notifications, unread: inbox.unreadCount };
  }

  /** To the login, with nothing left to be seen or to come back to. */
  private leave(): void {
    if (this.leaving) return;
    this.leaving = true;
    this.feed?.close();
    this.operations?.close();
    this.streams?.close();
    this.topics?.close();
    this.topic?.close();
    this.endpoints?.close();
    this.deliveries?.close();
    this.user = this.feed = this.operations = this.streams = this.topics = this.topic = this.event = this.endpoints = this.deliveries = undefined;
    this.loader.clear();
    this.performUpdate();
    location.replace(`/bff/login?returnUrl=${encodeURIComponent(location.pathname)}`);
  }

  private load(): void {
    const { page, id } = this.page ?? {};
    this.operations = this.onlyWhile(page === 'Dashboard', this.operations, OperationsFeed);
    this.streams = this.onlyWhile(page === 'Streams', this.streams, StreamsFeed);
    this.showTopics(page === 'Topics' ? '' : undefined);
    const [service, topic] = page === 'Topic' ? cut(id!) : [];
    this.watchTopic(topic ? { service: service!, topic, from: 'now', value: '', key: '' } : undefined);
    this.showEndpoints(page === 'Webhooks' ? this.ownerId || this.user!.userId : undefined);
    this.watchDeliveries(page === 'Endpoint' ? { endpointId: id!, state: '' } : undefined);
    if (page === 'Order') this.loader.load(() => get<Order>(path`/v1/orders/${id!}`));
    else if (page === 'Sessions') this.loader.load(() => get('/bff/sessions'));
    else if (page === 'Users') this.loader.load(() => get('/v1/users?pageSize=200'));
    else if (page === 'User') this.loader.measure(id!);
    else this.loader.clear();
  }

  // Operators' feeds, only while they are looked at: the suite measures nothing for them otherwise.
  private onlyWhile<T extends LatestFeed<unknown>>(isSeen: boolean, feed: T | undefined, Feed: new (surroundings: typeof around, changed: () => void, sessionEnded: () => void) => T): T | undefined {
    if (isSeen && this.isOperator) {
      if (feed) return feed;
      const opened = new Feed(around, () => this.requestUpdate(), () => this.leave());
      opened.open();
      return opened;
    }
    feed?.close();
    return undefined;
  }

  /** Lists the topics that begin so; undefined for none. */
  showTopics(prefix: string | undefined): void {
    this.topics?.close();
    this.topics = prefix === undefined || !this.isOperator ? undefined : new TopicList(prefix, () => this.requestUpdate());
    this.topics?.open();
    this.requestUpdate();
  }

  /** Follows a topic; undefined for none. */
  watchTopic(query: TopicQuery | undefined): void {
    this.topic?.close();
    [this.event, this.copied] = [undefined, ''];
    this.topic = query === undefined || !this.isOperator ? undefined : new TopicFeed(query, around, () => this.requestUpdate(), () => this.leave());
    this.topic?.open();
    this.requestUpdate();
  }

  /** Lists the endpoints of an owner, who stays the one that is looked at; undefined for none. */
  showEndpoints(ownerId: string | undefined): void {
    this.endpoints?.close();
    this.endpoints = ownerId === undefined ? undefined : new EndpointList(this.ownerId = ownerId, () => this.requestUpdate());
    this.endpoints?.open();
    this.requestUpdate();
  }

  /** Follows the deliveries of an endpoint; undefined for none. */
  watchDeliveries(query: DeliveryQuery | undefined): void {
    this.deliveries?.close();
    this.deliveries = query && new DeliveriesFeed(query, around, () => this.requestUpdate(), () => this.leave());
    this.deliveries?.open();
    this.requestUpdate();
  }

  showEvent(event: ShownEvent): void {
    this.event = event;
    this.requestUpdate();
  }

  async copy(text: string): Promise<void> {
    this.copied = await navigator.clipboard.writeText(text).then(() => 'Copied', () => 'Not copied: it is below');
    this.requestUpdate();
  }

  reload(): void { this.load(); }

  /** Shows what a command was answered with. */
  keep(value: unknown): void { this.loader.value = value; }

  show(change: { filter: string }): void {
    this.filter = change.filter;
    this.requestUpdate();
  }

  hold(feed: UserFeed): void {
    [this.held, this.heldAt] = this.held === undefined ? [[...feed.orders.items], feed.received] : [undefined, 0];
    this.requestUpdate();
  }

  async loadOlder(feed: UserFeed): Promise<void> {
    await this.act(async () => {
      const older = await get<{ orders: Order[]; nextPageToken?: string }>(path`/v1/users/${this.user!.userId}/orders?pageToken=${feed.olderOrders!}`);
      older.orders.forEach(order => feed.orders.apply(order));
      feed.olderOrders = feed.orders.items.length < feed.orders.max ? older.nextPageToken : undefined;
    });
  }

  async loadMoreUsers(): Promise<void> {
    await this.act(async () => {
      const list = this.detail<UserList>()!;
      const more = await get<UserList>(path`/v1/users?pageSize=200&pageToken=${list.nextPageToken!}`);
      this.loader.value = { users: [...list.users, ...more.users].slice(0, 2_000), nextPageToken: list.users.length < 1_800 ? more.nextPageToken : undefined };
    });
  }

  advance = (feed: UserFeed, order: Order, state: string): Promise<void> => this.act(async () => {
    const advanced = await call<Order>('POST', path`/v1/orders/${order.orderId}/advance`, { key: newKey(), body: { state, version: order.version } });
    this.keep(advanced);
    if (advanced.userId === this.user!.userId) feed.answered(advanced);
  });

  markRead = (notificationIds: string[]): Promise<void> => this.act(() => call('POST', path`/v1/users/${this.user!.userId}/notifications:markRead`, { body: { notificationIds } }));

  endSession = (session: Session): Promise<void> => this.act(async () => {
    await call('DELETE', path`/bff/sessions/${session.sessionId}`);
    if (session.isCurrent) this.loggedOut();
    else this.load();
  });

  private logOut = (): Promise<void> => this.act(async () => {
    await call('POST', '/bff/logout');
    this.loggedOut();
  });

  private loggedOut(): void {
    this.tabs.postMessage('ended');
    this.leave();
  }

  /** Does something, and shows what was wrong with it. */
  async act(action: () => Promise<unknown>): Promise<void> {
    this.actionError = undefined;
    try {
      await action();
    } catch (error) {
      this.actionError = error;
    }
    this.requestUpdate();
  }

  private clicked(event: MouseEvent): void {
    const link = (event.target as Element).closest?.('a');
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || link.origin !== location.origin || !match(link.pathname)) return;
    event.preventDefault();
    this.go(link.pathname);
  }

  /** To another page. */
  go(to: string): void {
    if (to !== location.pathname) history.pushState(null, '', to);
    this.shown();
  }

  private shown(back?: Event): void {
    const from = this.page;
    [this.page, this.filter, this.held, this.actionError] = [match(location.pathname), '', undefined, undefined];
    this.load();
    this.requestUpdate();
    // Whoever goes back is where the link was; elsewhere reading begins at the heading.
    void this.updateComplete.then(() => new Promise(requestAnimationFrame)).then(() => {
      const link = back && from?.id ? [...this.querySelectorAll<HTMLElement>('main a')].find(a => a.getAttribute('href')?.endsWith(`/${encodeURIComponent(from.id)}`)) : undefined;
      (link ?? this.querySelector<HTMLElement>('h1'))?.focus();
    });
  }

  private summarise(): void {
    const changes = (feed: Followed<unknown> | undefined, what: string): string[] => {
      const count = feed?.summarise() ?? 0;
      return count > 0 ? [`${number(count)} ${count === 1 ? 'change' : 'changes'} of ${what}`] : [];
    };
    const text = [...changes(this.feed, 'orders'), ...changes(this.deliveries, 'deliveries')].join(', ');
    if (text !== this.summary) [this.summary] = [text, this.requestUpdate()];
  }

  protected override render(): TemplateResult {
    if (this.leaving) return html``;
    const feed = this.feed;
    if (!feed || !this.user) return html`<main><h1>Console</h1>${this.startError === undefined ? loading : problem(this.startError)}</main>`;
    const link = (to: string, text: unknown) => html`<a href=${to} aria-current=${location.pathname === to ? 'page' : nothing}>${text}</a>`;
    document.title = `${this.page?.page ?? 'Not found'} · Console`;
    return html`<a class="skip" href="#main" @click=${(event: Event) => { event.preventDefault(); this.querySelector<HTMLElement>('h1')?.focus(); }}>To the content</a>
      <header><nav aria-label="Pages">${link('/', 'Dashboard')}${link('/orders', 'Orders')}
        ${link('/notifications', html`Notifications${feed.unread > 0 ? html` <span class="badge">${number(feed.unread)}<span class="hidden"> unread</span></span>` : nothing}`)}
        ${link('/webhooks', 'Webhooks')}${link('/sessions', 'Sessions')}${this.isOperator ? html`${link('/streams', 'Streams')}${link('/topics', 'Topics')}${link('/users', 'Users')}` : nothing}<a href="/docs">API</a></nav>
        <div class="tools">${statusBadge(feed.status)}<button class="plain small" @click=${this.logOut}>Log out</button></div></header>
      <main id="main">${this.renderPage(feed)}</main>
      <p class="hidden" aria-live="polite">${this.summary}</p>`;
  }

  private renderPage(feed: UserFeed): TemplateResult {
    switch (this.page?.page) {
      case 'Dashboard': return dashboardPage(this, feed);
      case 'Orders': return ordersPage(this, feed);
      case 'Order': return orderPage(this, feed, this.page.id);
      case 'Notifications': return notificationsPage(this, feed);
      case 'Sessions': return sessionsPage(this);
      case 'Streams': return this.streams ? streamsPage(this, this.streams) : notFound;
      case 'Topics': return this.topics ? topicsPage(this, this.topics) : notFound;
      case 'Topic': return this.topic ? topicPage(this, this.topic) : notFound;
      case 'Webhooks': return this.endpoints ? webhooksPage(this, this.endpoints) : notFound;
      case 'Endpoint': return this.deliveries ? endpointPage(this, this.deliveries) : notFound;
      case 'Users': return usersPage(this);
      case 'User': return userPage(this, this.page.id);
      default: return notFound;
    }
  }
}

customElements.define('console-app', App);
