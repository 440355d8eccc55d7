import { get } from './api';
import type { Status } from './feed';
import type { SilentReplica, TopicStatus } from './types';

interface TopicPage { topics: TopicStatus[]; nextPageToken?: string; silent: SilentReplica[] }

const Interval = 5_000;
const PageSize = 200;
const MaxTopics = 2_000;

/** The topics of all services whose names begin in one way, asked for again every five seconds while they are looked at. */
export class TopicList {
  topics?: readonly TopicStatus[];
  silent: readonly SilentReplica[] = [];
  nextPageToken?: string;
  error?: unknown;
  asOf = 0;
  private pages = 1;
  private asked = 0;
  private timer?: ReturnType<typeof setTimeout>;

  constructor(readonly prefix: string, private readonly changed: () => void) {}

  get hasMore(): boolean { return this.nextPageToken !== undefined && this.pages * PageSize < MaxTopics; }

  /** Only what it is not: between two answers it is not live either. */
  get status(): Status | undefined {
    if (this.error !== undefined) return { kind: 'offline', since: this.asOf };
    return this.topics ? undefined : { kind: 'connecting' };
  }

  open(): void { void this.run(); }

  close(): void {
    this.asked++;
    clearTimeout(this.timer);
  }

  more(): void {
    this.pages++;
    void this.run();
  }

  private async run(): Promise<void> {
    this.close();
    const mine = this.asked;
    try {
      const [topics, silent]: [TopicStatus[], Map<string, SilentReplica>] = [[], new Map()];
      let token: string | undefined = '';
      for (let i = 0; i < this.pages && token !== undefined; i++) {
        const page: TopicPage = await get<TopicPage>(`/v1/topics?${new URLSearchParams({ prefix: this.prefix, pageSize: `${PageSize}`, pageToken: token })}`);
        topics.push(...page.topics);
        for (const each of page.silent) silent.set(`${each.service} ${each.replica}`, each);
        token = page.nextPageToken;
      }
      if (mine !== this.asked) return;
      [this.topics, this.silent, this.nextPageToken, this.error, this.asOf] = [topics, [...silent.values()], token, undefined, Date.now()];
    } catch (error) {
      if (mine !== this.asked) return;
      this.error = error;
    }
    this.changed();
    this.timer = setTimeout(() => void this.run(), Interval);
  }
}
