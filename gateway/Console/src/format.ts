import type { Money } from './types';

const times = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const numbers = new Intl.NumberFormat();
const decimals = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const megabytes = new Intl.NumberFormat(undefined, { style: 'unit', unit: 'megabyte', maximumFractionDigits: 0 });

export const time = (text: string): string => times.format(new Date(text));
export const clockTime = (ms: number): string => clock.format(ms);
export const decimal = (value: number): string => decimals.format(value);
export const bytes = (value: number): string => megabytes.format(value / 1e6);
const unit = (unit: string) => new Intl.NumberFormat(undefined, { style: 'unit', unit, maximumFractionDigits: 0 });
const units: [number, Intl.NumberFormat][] = [[86_400_000, unit('day')], [3_600_000, unit('hour')], [60_000, unit('minute')], [1_000, unit('second')]];

/** How long something takes or took, in its largest unit, rounded down; nothing is below a second. */
export function duration(ms: number): string {
  const [size, format] = units.find(([size]) => ms >= size) ?? units.at(-1)!;
  return format.format(Math.max(0, Math.floor(ms / size)));
}

export const number = (value: number): string => numbers.format(value);

// Decimal numbers as text are exact here; as numbers they would be rounded.
export const money = ({ amount, currency }: Money): string => new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(amount as Intl.StringNumericLiteral);

export const word = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
