export interface ServerEvent { name: string; data: string; id: string }

/** Reads server-sent events (WHATWG HTML, 9.2) from pieces of text that are cut anywhere. */
export class SseParser {
  private rest = '';
  private name = '';
  private data: string[] = [];
  /** The id of the last event that had one: where to resume. */
  lastId = '';
  private id = '';

  /** The events that are whole with this piece. */
  push(text: string): ServerEvent[] {
    const events: ServerEvent[] = [];
    this.rest += text;
    for (;;) {
      const end = this.rest.search(/[\r\n]/);
      // A CR at the very end may be half of a CRLF.
      if (end < 0 || (this.rest[end] === '\r' && end === this.rest.length - 1)) return events;
      const line = this.rest.slice(0, end);
      this.rest = this.rest.slice(end + (this.rest.startsWith('\r\n', end) ? 2 : 1));
      if (line === '') this.dispatch(events);
      else this.field(line);
    }
  }

  private field(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    if (name === 'event') this.name = value;
    else if (name === 'data') this.data.push(value);
    else if (name === 'id' && !value.includes('\0')) this.id = value;
  }

  private dispatch(events: ServerEvent[]): void {
    this.lastId = this.id;
    if (this.data.length > 0) events.push({ name: this.name || 'message', data: this.data.join('\n'), id: this.lastId });
    this.name = '';
    this.data = [];
  }
}
