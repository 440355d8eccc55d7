import { html, LitElement, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';

export interface Column<T> { title: string; cell(item: T): unknown; wide?: boolean }

const RowHeight = 44;
const Spare = 6;

/** A table of which only the rows that are in sight are in the page, however many there are. What is being read stays where it is when rows come in above. */
export class ConsoleRows<T> extends LitElement {
  // The same list may have other items than before.
  static override properties = { items: { hasChanged: () => true }, columns: {}, label: {}, first: { state: true } };
  declare items: readonly T[];
  declare columns: Column<T>[];
  declare label: string;
  declare keyOf: (item: T) => string;
  private declare first: number;
  private topKey = '';
  private hadFocus = false;
  private resized = new ResizeObserver(() => this.requestUpdate());

  constructor() {
    super();
    [this.items, this.columns, this.label, this.first, this.keyOf] = [[], [], '', 0, String];
  }

  protected override createRenderRoot(): HTMLElement { return this; }

  override connectedCallback(): void {
    super.connectedCallback();
    this.resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
  }

  protected override willUpdate(): void { this.hadFocus = this.contains(document.activeElement); }

  protected override render(): TemplateResult {
    const shown = Math.ceil((this.firstElementChild?.clientHeight ?? 600) / RowHeight) + 2 * Spare;
    const from = Math.max(0, Math.min(this.first - Spare, this.items.length - shown));
    const items = this.items.slice(from, from + shown);
    const cell = (item: T, column: Column<T>) => html`<td class=${column.wide ? 'wide' : nothing}>${column.cell(item)}</td>`;
    const space = (rows: number) => rows > 0 ? html`<tr aria-hidden="true" class="space"><td height=${rows * RowHeight} colspan=${this.columns.length}></td></tr>` : nothing;
    return html`<div class="rows" tabindex="0" role="region" aria-label=${this.label} @scroll=${this.scrolled}>
      <table aria-label=${this.label} aria-rowcount=${this.items.length + 1}>
        <thead><tr aria-rowindex="1">${this.columns.map(column => html`<th scope="col" class=${column.wide ? 'wide' : nothing}>${column.title}</th>`)}</tr></thead>
        <tbody>${space(from)}${repeat(items, this.keyOf, (item, i) => html`<tr aria-rowindex=${from + i + 2}>${this.columns.map(column => cell(item, column))}</tr>`)}${space(this.items.length - from - items.length)}</tbody>
      </table></div>`;
  }

  protected override updated(): void {
    const region = this.firstElementChild as HTMLElement;
    // The row that had it is gone.
    if (this.hadFocus && !this.contains(document.activeElement)) region.focus();
    if (region.scrollTop === 0 || this.topKey === '') return;
    const at = this.items.findIndex(item => this.keyOf(item) === this.topKey);
    if (at > this.first) region.scrollTop += (at - this.first) * RowHeight;
  }

  private scrolled(event: Event): void {
    this.first = Math.floor((event.target as HTMLElement).scrollTop / RowHeight);
    const top = this.items[this.first];
    this.topKey = top === undefined ? '' : this.keyOf(top);
  }
}

customElements.define('console-rows', ConsoleRows);
