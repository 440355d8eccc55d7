// A client as one would write it, on types that are generated from the description. Prints what it was answered, one JSON value a line.
import createClient from 'openapi-fetch';
import type { components, paths } from './api.mjs';

declare const process: { argv: string[] };

type Overview = components['schemas']['Overview'];

const client = createClient<paths>({ baseUrl: process.argv[2] ?? '', headers: { Authorization: `Bearer ${process.argv[3]}` } });

function orderCount(overview: Overview): number | string {
    const orders = overview.orders;
    return orders?.status === 'ok' ? (orders.data?.length ?? 0) : (orders?.problem?.title ?? 'not asked for');
}

const overview = await client.GET('/v1/users/{userId}/overview', {
    params: { path: { userId: 'ada' }, query: { fields: 'user,orders', orderLimit: 3 }, header: { 'Request-Timeout': '5' } },
});
console.log(JSON.stringify([overview.response.status, overview.data?.user?.data?.displayName, overview.data && orderCount(overview.data)]));

const placed = await client.POST('/v1/orders', {
    params: { header: { 'Idempotency-Key': 'once' } },
    body: { userId: 'ada', lines: [{ productId: 'tea', quantity: 2, unitPrice: { amount: '10.25', currency: 'EUR' } }] },
});
console.log(JSON.stringify([placed.response.status, placed.data?.total.amount, placed.data?.state]));

const refused = await client.POST('/v1/users', { body: { displayName: 'Ada', email: '' } });
console.log(JSON.stringify([refused.response.status, refused.error?.type]));

// @ts-expect-error A required member is required.
const incomplete: components['schemas']['PlaceOrder'] = { lines: [] };
// @ts-expect-error A body has no other members.
const misspelt: components['schemas']['CancelOrder'] = { verson: 1 };
// @ts-expect-error A state is one of those that there are.
const unknown: components['schemas']['OrderState'] = 'lost';
void [incomplete, misspelt, unknown];
