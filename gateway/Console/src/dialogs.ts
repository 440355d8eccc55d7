import { html, LitElement, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { ApiError, call, newKey, path } from './api';
import { problem } from './pieces';
import { duration, number, time } from './format';
import type { Order, StreamStatus } from './types';

/** A dialog that does one thing: the browser keeps the focus in it, and gives it back to where it was. Its action has one idempotency key, however often it is sent. */
export abstract class ActionDialog<T> extends LitElement {
  static override properties: PropertyDeclarations = { busy: { state: true }, error: { state: true } };
  declare busy: boolean;
  declare error: unknown;
  private key = '';

  constructor() {
    super();
    this.busy = false;
  }

  protected override createRenderRoot(): HTMLElement { return this; }

  show(): void {
    [this.error, this.key] = [undefined, newKey()];
    this.querySelector('form')!.reset();
    this.querySelector('dialog')!.showModal();
  }

  protected done(detail: T): void { this.dispatchEvent(new CustomEvent<T>('done', { detail })); }

  /** Nothing is left of what it has shown. */
  protected closed(): void { /* Most have nothing to hide. */ }

  protected abstract send(form: FormData, key: string): Promise<T>;

  /** The first action is what Enter does. */
  protected frame(title: string, content: unknown, ...actions: { text: string; value?: string; disabled?: boolean }[]): TemplateResult {
    return html`<dialog aria-labelledby="${this.id}-title" @close=${this.closed}><form @submit=${this.submitted}>
      <h2 id="${this.id}-title">${title}</h2>${content}${problem(this.error)}
      <div class="buttons">${actions.map(action => html`<button name="action" value=${action.value ?? ''} ?disabled=${this.busy || action.disabled}>${action.text}</button>`)}<button type="button" class="plain" @click=${this.hide}>Close</button></div></form></dialog>`;
  }

  /** What is wrong with a field. */
  protected violations(...fields: string[]): TemplateResult | typeof nothing {
    const errors = this.error instanceof ApiError ? this.error.problem.errors ?? {} : {};
    const texts = fields.flatMap(field => errors[field] ?? []);
    return texts.length === 0 ? nothing : html`<small class="error">${texts.join('; ')}</small>`;
  }

  private hide(): void { this.querySelector('dialog')!.close(); }

  private async submitted(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    [this.busy, this.error] = [true, undefined];
    try {
      const detail = await this.send(new FormData(event.target as HTMLFormElement, event.submitter), this.key);
      this.hide();
      this.done(detail);
    } catch (error) {
      this.error = error;
      // What was refused was not done: the next attempt may have other content. What was not heard of may have been done.
      if (error instanceof ApiError && error.problem.status < 500) this.key = newKey();
    }
    this.busy = false;
  }
}

export class PlaceOrderDialog extends ActionDialog<Order> {
  declare userId: string;

  protected override render(): TemplateResult {
    return this.frame('Place an order', html`
      <label>Product <input name="productId" required maxlength="64" autocomplete="off"></label>${this.violations('lines[0].productId')}
      <label>Quantity <input name="quantity" type="number" required value="1" step="1"></label>${this.violations('lines[0].quantity')}
      <label>Price of one <input name="amount" required inputmode="decimal" value="10.00"></label>${this.violations('lines[0].unitPrice', 'lines[0].unitPrice.amount')}
      <label>Currency <input name="currency" required maxlength="3" value="EUR"></label>${this.violations('lines[0].unitPrice.currency')}`, { text: 'Place order' });
  }

  protected override send(form: FormData, key: string): Promise<Order> {
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const line = { productId: text('productId'), quantity: Number(text('quantity')), unitPrice: { amount: text('amount'), currency: text('currency').toUpperCase() } };
    return call('POST', '/v1/orders', { key, body: { userId: this.userId, lines: [line] } });
  }
}

export class CancelOrderDialog extends ActionDialog<Order> {
  declare order: Order;

  protected override render(): TemplateResult {
    return this.frame('Cancel this order?', html`<p>It is not sent, and cannot be taken up again.</p>`, { text: 'Cancel order' });
  }

  protected override send(_: FormData, key: string): Promise<Order> {
    return call('POST', path`/v1/orders/${this.order.orderId}/cancel`, { key, body: { version: this.order.version } });
  }
}

export class StopStreamDialog extends ActionDialog<void> {
  static override properties = { ...super.properties, stream: {} };
  declare stream?: StreamStatus;

  ask(stream: StreamStatus): void {
    this.stream = stream;
    // Its first action gets the focus: it has to be there.
    void this.updateComplete.then(() => this.show());
  }

  protected override render(): TemplateResult {
    const { stream } = this;
    if (!stream) return this.frame('Stop this stream?', nothing);
    const now = Date.now();
    const about = stream.mostBehind.map(each => html`<div>${each.key ?? 'everything'}, ${each.delivery}, ${number(each.lag)} behind ${each.topics.map(topic => html`<code>${topic}</code> `)}</div>`);
    return this.frame('Stop this stream?', html`<dl>
        <dt>Method</dt><dd><code>${stream.method}</code></dd><dt>User</dt><dd>${stream.user ?? 'anybody'}</dd><dt>Where</dt><dd>${stream.service} <code>${stream.replica}</code></dd><dt>Peer</dt><dd><code>${stream.peer}</code></dd>
        <dt>About</dt><dd>${about}${number(stream.subscriptions)} ${stream.kind === 'call' ? 'unanswered calls' : 'subscriptions'}</dd><dt>Queue</dt><dd>${number(stream.queuedBytes)} bytes; ${number(stream.sent)} sent</dd>
        <dt>Open</dt><dd>since ${time(stream.openTime)}</dd><dt>Token</dt><dd>${stream.tokenExpireTime ? `expires in ${duration(Date.parse(stream.tokenExpireTime) - now)}` : 'none'}</dd></dl>
      <p>Drain: its client is asked to go elsewhere, and nothing is lost. End: it is cut off, and its client comes back by itself.</p>`,
      { text: 'Drain', value: 'drain', disabled: stream.kind === 'command' || stream.kind === 'server' }, { text: 'End', value: 'end' });
  }

  protected override send(form: FormData): Promise<void> {
    const { service, replica, streamId } = this.stream!;
    return call('POST', path`/v1/streams/${service}/${replica}/${streamId}` + (form.get('action') === 'drain' ? ':drain' : ':end'));
  }
}

customElements.define('stop-stream', StopStreamDialog);
customElements.define('place-order', PlaceOrderDialog);
customElements.define('cancel-order', CancelOrderDialog);
