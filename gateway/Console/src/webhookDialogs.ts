import { html, nothing, type TemplateResult } from 'lit';
import { call, path } from './api';
import { ActionDialog } from './dialogs';
import type { Endpoint, EndpointWithSecret } from './types';

const eventTypes = ['order.placed', 'order.advanced', 'order.cancelled', 'user.created', 'user.updated', 'notification.created', 'notification.read', 'webhook.received'];

/** Creates an endpoint of an owner, or changes one. */
export class EndpointDialog extends ActionDialog<EndpointWithSecret> {
  static override properties = { ...super.properties, ownerId: {}, endpoint: {} };
  declare ownerId?: string;
  declare endpoint?: Endpoint;

  /** A new one, or what to change: as it is seen now, whatever becomes of it meanwhile. */
  edit(endpoint?: Endpoint): void {
    this.endpoint = endpoint;
    void this.updateComplete.then(() => this.show());
  }

  protected override render(): TemplateResult {
    const { endpoint } = this;
    const types = eventTypes.map((type, i) => html`<label><input type="checkbox" name="eventTypes" value=${type} ?checked=${endpoint?.eventTypes.includes(type)}> ${type}</label>${this.violations(`eventTypes[${i}]`)}`);
    return this.frame(endpoint ? 'Edit endpoint' : 'Create an endpoint', html`
      <label>URL <input name="url" required maxlength="2048" inputmode="url" autocomplete="off" placeholder="https://hooks.example.com/orders" value=${endpoint?.url ?? ''}></label>${this.violations('url')}
      <label>Description <input name="description" maxlength="200" autocomplete="off" value=${endpoint?.description ?? ''}></label>${this.violations('description', 'ownerId')}
      <fieldset><legend>Event types; none for all</legend>${types}</fieldset>
      <label><input type="checkbox" name="ordered" ?checked=${endpoint?.ordered}> Keep the order of messages about the same thing</label>`, { text: endpoint ? 'Save' : 'Create' });
  }

  protected override async send(form: FormData, key: string): Promise<EndpointWithSecret> {
    const text = (name: string) => String(form.get(name) ?? '').trim();
    const body = { url: text('url'), description: text('description'), eventTypes: form.getAll('eventTypes'), ordered: form.has('ordered') };
    if (!this.endpoint) return call('POST', '/v1/webhooks/endpoints', { key, body: { ...body, ownerId: this.ownerId } });
    return { endpoint: await call('PATCH', path`/v1/webhooks/endpoints/${this.endpoint.endpointId}`, { body: { ...body, version: this.endpoint.version } }) };
  }
}

/** Shows a secret, until it is closed. */
export class SecretDialog extends ActionDialog<never> {
  static override properties = { ...super.properties, secret: {}, copied: {} };
  declare secret?: string;
  declare copied: string;

  reveal(secret: string | undefined): void {
    [this.secret, this.copied] = [secret, ''];
    void this.updateComplete.then(() => this.show());
  }

  protected override render(): TemplateResult {
    const { secret } = this;
    return this.frame('Secret', secret ? html`<p>Messages are signed with it. <strong>It is shown now, and never again</strong>: keep it where only the receiver reads it.</p><p><code class="secret">${secret}</code></p>
        <p><button type="button" @click=${this.copy}>Copy</button> <span role="status">${this.copied}</span></p>`
      : html`<p>An earlier attempt has created the endpoint, and its secret cannot be shown any more: give it a new one.</p>`);
  }

  protected override closed(): void { [this.secret, this.copied] = [undefined, '']; }

  protected override send(): Promise<never> { return Promise.reject(new TypeError()); }

  private async copy(): Promise<void> {
    this.copied = await navigator.clipboard.writeText(this.secret!).then(() => 'Copied', () => 'Not copied: mark it and copy it yourself');
  }
}

/** An action that is asked about before it is done. */
export interface Question { title: string; content: unknown; action: string; send(form: FormData): Promise<unknown>; done?(answer: unknown): void }

export class QuestionDialog extends ActionDialog<unknown> {
  static override properties = { ...super.properties, question: {} };
  declare question?: Question;

  ask(question: Question): void {
    this.question = question;
    // Its first action gets the focus: it has to be there.
    void this.updateComplete.then(() => this.show());
  }

  protected override render(): TemplateResult {
    const { question } = this;
    return question ? this.frame(question.title, question.content, { text: question.action }) : this.frame('', nothing);
  }

  protected override done(answer: unknown): void { this.question?.done?.(answer); }

  protected override send(form: FormData): Promise<unknown> { return this.question!.send(form); }
}

customElements.define('webhook-endpoint', EndpointDialog);
customElements.define('webhook-secret', SecretDialog);
customElements.define('ask-first', QuestionDialog);
