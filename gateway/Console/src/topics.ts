import { get } from './api';
import { Polled } from './polled';
import type { SilentReplica, TopicStatus } from './types';

interface TopicPage { topics: TopicStatus[]; nextPageToken?: string; silent: SilentReplica[] }

const PageSize = 200;
const MaxTopics = 2_000;

/** The topics of all services whose names begin in one way. */
export class TopicList extends Polled<TopicPage> {
  private pages = 1;

  constructor(readonly prefix: string, changed: () => void) { super(changed); }

  get hasMore(): boolean { return this.value?.nextPageToken !== undefined && this.pages * PageSize < MaxTopics; }

  more(): void {
    this.pages++;
    this.open();
  }

  protected async ask(): Promise<TopicPage> {
    const [topics, silent]: [TopicStatus[], Map<string, SilentReplica>] = [[], new Map()];
    let token: string | undefined = '';
    for (let i = 0; i < this.pages && token !== undefined; i++) {
      const page: TopicPage = await get<TopicPage>(`/v1/topics?${new URLSearchParams({ prefix: this.prefix, pageSize: `${PageSize}`, pageToken: token })}`);
      topics.push(...page.topics);
      for (const each of page.silent) silent.set(`${each.service} ${each.replica}`, each);
      token = page.nextPageToken;
    }
    return { topics, silent: [...silent.values()], ...token === undefined ? {} : { nextPageToken: token } };
  }
}
