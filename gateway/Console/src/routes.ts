/** The pages; ConsolePages.cs serves the same paths. */
export const routes = {
  '/': 'Dashboard',
  '/orders': 'Orders',
  '/orders/{orderId}': 'Order',
  '/notifications': 'Notifications',
  '/sessions': 'Sessions',
  '/streams': 'Streams',
  '/topics': 'Topics',
  '/topics/{topic}': 'Topic',
  '/users': 'Users',
  '/users/{userId}': 'User',
  '/webhooks': 'Webhooks',
  '/webhooks/{endpointId}': 'Endpoint',
} as const;

export type Page = typeof routes[keyof typeof routes];

/** The page that a path is, with the id in it; undefined when it is none. */
export function match(path: string): { page: Page; id: string } | undefined {
  for (const [pattern, page] of Object.entries(routes)) {
    const found = new RegExp(`^${pattern.replace(/\{\w+\}/, '([^/]+)')}$`).exec(path);
    if (found) return { page, id: decodeURIComponent(found[1] ?? '') };
  }
  return undefined;
}
