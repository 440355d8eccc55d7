import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { ApiError, call, newKey, path } from './api';
import { problem } from './pieces';
import type { Order } from './types';

/** A dialog that does one thing: the browser keeps the focus in it, and gives it back to where it was. Its action has one idempotency key, however often it is sent. */
abstract class ActionDialog extends LitElement {
  static override properties = { busy: { state: true }, error: { state: true } };
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
    this.querySelector('dialog')!.showModal();
  }

  protected abstract send(form: FormData, key: string): Promise<Order>;

  protected frame(title: string, content: unknown, action: string): TemplateResult {
    return html`<dialog aria-labelledby="${this.id}-title"><form @submit=${this.submitted}>
      <h2 id="${this.id}-title">${title}</h2>${content}${problem(this.error)}
      <div class="buttons"><button ?disabled=${this.busy}>${action}</button><button type="button" class="plain" @click=${this.hide}>Close</button></div></form></dialog>`;
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
      this.dispatchEvent(new CustomEvent<Order>('done', { detail: await this.send(new FormData(event.target as HTMLFormElement), this.key) }));
      this.hide();
    } catch (error) {
      this.error = error;
      // What was refused was not done: the next attempt may have other content. What was not heard of may have been done.
      if (error instanceof ApiError && error.problem.status < 500) this.key = newKey();
    }
    this.busy = false;
  }
}

export class PlaceOrderDialog extends ActionDialog {
  declare userId: string;

  protected override render(): TemplateResult {
    return this.frame('Place an order', html`
      <label>Product <input name="productId" required maxlength="64" autocomplete="off"></label>${this.violations('lines[0].productId')}
      <label>Quantity <input name="quantity" type="number" required value="1" step="1"></label>${this.violations('lines[0].quantity')}
      <label>Price of one <input name="amount" required inputmode="decimal" value="10.00"></label>${this.violations('lines[0].unitPrice', 'lines[0].unitPrice.amount')}
      <label>Currency <input name="currency" required maxlength="3" value="EUR"></label>${this.violations('lines[0].unitPrice.currency')}`, 'Place order');
  }

  protected override send(form: FormData, key: string): Promise<Order> {
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const line = { productId: text('productId'), quantity: Number(text('quantity')), unitPrice: { amount: text('amount'), currency: text('currency').toUpperCase() } };
    return call('POST', '/v1/orders', { key, body: { userId: this.userId, lines: [line] } });
  }
}

export class CancelOrderDialog extends ActionDialog {
  declare order: Order;

  protected override render(): TemplateResult {
    return this.frame('Cancel this order?', html`<p>It is not sent, and cannot be taken up again.</p>`, 'Cancel order');
  }

  protected override send(_: FormData, key: string): Promise<Order> {
    return call('POST', path`/v1/orders/${this.order.orderId}/cancel`, { key, body: { version: this.order.version } });
  }
}

customElements.define('place-order', PlaceOrderDialog);
customElements.define('cancel-order', CancelOrderDialog);
