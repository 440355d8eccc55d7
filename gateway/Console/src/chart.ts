import { html, LitElement, type TemplateResult } from 'lit';
import uPlot from 'uplot';

/** A line of a chart: what it is called, and its values, one for each time; null where there is none. */
export interface Line { name: string; values: (number | null)[] }

const Height = 180;
const Lines = 6;

/** How the nth line is drawn, by colour and by dashes: nothing by colour alone. */
export const lineStyle = (n: number): { color: string; dash: number[] } => ({ color: `--line-${n % Lines}`, dash: [[], [8, 4], [2, 3], [12, 3, 2, 3], [4, 4], [1, 5]][n % Lines]! });

/** Lines over time, by uPlot. Whoever uses it has the figures in a table beside it. */
export class ConsoleChart extends LitElement {
  static override properties = { times: {}, lines: {}, label: {} };
  declare times: number[];
  declare lines: Line[];
  declare label: string;
  private plot?: uPlot;
  private drawn = '';
  private resized = new ResizeObserver(() => this.plot?.setSize({ width: this.clientWidth, height: Height }));

  constructor() {
    super();
    [this.times, this.lines, this.label] = [[], [], ''];
  }

  protected override createRenderRoot(): HTMLElement { return this; }

  override connectedCallback(): void {
    super.connectedCallback();
    this.resized.observe(this);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.resized.disconnect();
    this.plot?.destroy();
    this.plot = undefined;
  }

  protected override render(): TemplateResult { return html`<div role="img" aria-label="${this.label}; the table has the figures"></div>`; }

  protected override updated(): void {
    const names = this.lines.map(line => line.name).join();
    if (this.plot && names !== this.drawn) {
      this.plot.destroy();
      this.plot = undefined;
    }
    const data: uPlot.AlignedData = [this.times, ...this.lines.map(line => line.values)];
    if (this.plot) this.plot.setData(data);
    else [this.plot, this.drawn] = [this.draw(data), names];
  }

  private draw(data: uPlot.AlignedData): uPlot {
    // Asked for each time: the page may turn dark.
    const color = (name: string) => () => getComputedStyle(this).getPropertyValue(name);
    const axis: uPlot.Axis = { stroke: color('--quiet'), grid: { stroke: color('--line'), width: 1 }, ticks: { stroke: color('--line'), width: 1 } };
    return new uPlot({
      width: this.clientWidth || 300,
      height: Height,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_, __, max) => [0, Math.max(max * 1.1, 1)] } },
      axes: [axis, axis],
      series: [{}, ...this.lines.map((line, i) => ({ label: line.name, stroke: color(lineStyle(i).color), dash: lineStyle(i).dash, width: 2, points: { show: false } }))],
    }, data, this.firstElementChild as HTMLElement);
  }
}

customElements.define('console-chart', ConsoleChart);
