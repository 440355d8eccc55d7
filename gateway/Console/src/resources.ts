/**
 * The newest of some resources, each once and in its newest version, the newest first. There are never more than the bound: whatever arrives then, the oldest one goes.
 */
export class Resources<T> {
  private readonly byId = new Map<string, T>();
  private readonly sorted: T[] = [];
  /** How many went because there were too many. */
  dropped = 0;

  constructor(
    readonly max: number, private readonly idOf: (item: T) => string, private readonly versionOf: (item: T) => number, private readonly timeOf: (item: T) => string) {}

  get items(): readonly T[] { return this.sorted; }

  get(id: string): T | undefined { return this.byId.get(id); }

  versionKnown(id: string): number {
    const known = this.byId.get(id);
    return known === undefined ? 0 : this.versionOf(known);
  }

  /** Takes it unless a version that is as new is there. */
  apply(item: T): boolean {
    const id = this.idOf(item);
    const known = this.byId.get(id);
    if (known !== undefined) {
      if (this.versionOf(known) >= this.versionOf(item)) return false;
      this.sorted[this.sorted.indexOf(known)] = item;
      this.byId.set(id, item);
      return true;
    }
    const at = this.placeOf(item);
    if (at >= this.max) {
      this.dropped++;
      return false;
    }
    this.sorted.splice(at, 0, item);
    this.byId.set(id, item);
    if (this.sorted.length > this.max) {
      this.byId.delete(this.idOf(this.sorted.pop()!));
      this.dropped++;
    }
    return true;
  }

  remove(id: string): void {
    const known = this.byId.get(id);
    if (known === undefined) return;
    this.sorted.splice(this.sorted.indexOf(known), 1);
    this.byId.delete(id);
  }

  private placeOf(item: T): number {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.isBefore(this.sorted[middle]!, item)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private isBefore(one: T, other: T): boolean {
    const [a, b] = [Date.parse(this.timeOf(one)), Date.parse(this.timeOf(other))];
    return a > b || (a === b && this.idOf(one) > this.idOf(other));
  }
}
