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
export const number = (value: number): string => numbers.format(value);

// Decimal numbers as text are exact here; as numbers they would be rounded.
export const money = ({ amount, currency }: Money): string => new Intl.NumberFormat(undefined, { style: 'currency', currency }).format(amount as Intl.StringNumericLiteral);

export const word = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
