// Rows that are worth seeing of any service, each whole or empty: what it answers, its call streams, its events, its due work, what it sends out, and what it costs.
local p = import 'panels.libsonnet';
local select(job) = 'namespace=~"$namespace",job="%s"' % job;

{
  answers(job):: local of = select(job); p.row('What it answers', [
    p.panel('Unary calls answered', 'reqps', 'By method. Other services use the call streams below; these are people, tools, and the gateway where it passes a request on.', [
      p.line('sum by (rpc_method) (rate(rpc_server_call_duration_seconds_count{%s}[$__rate_interval]))' % of, '{{rpc_method}}'),
    ]),
    p.panel('Time to answer a unary call', 's', 'From its arrival to its answer, all methods together.', p.quantiles('rpc_server_call_duration_seconds', of)),
    p.panel('Time to answer, by method', 's', 'The slowest 1 % of the unary calls take longer than this.', [
      p.line('histogram_quantile(0.99, sum by (le, rpc_method) (rate(rpc_server_call_duration_seconds_bucket{%s}[$__rate_interval])))' % of, '{{rpc_method}}'),
    ]),
    p.panel('Unary calls by outcome', 'reqps', 'By method and gRPC code. OK also where a command was sent again and its answer known already.', [
      p.line('sum by (rpc_method, rpc_response_status_code) (rate(rpc_server_call_duration_seconds_count{%s}[$__rate_interval]))' % of, '{{rpc_method}} {{rpc_response_status_code}}'),
    ]),
    p.panel('Unary calls that failed', 'reqps', 'Through no fault of the caller: by the gRPC code they were answered with. None is best.', [
      p.line('sum by (rpc_response_status_code) (rate(rpc_server_call_duration_seconds_count{%s,rpc_response_status_code=~"Unknown|DeadlineExceeded|ResourceExhausted|Internal|Unavailable|DataLoss"}[$__rate_interval]))' % of, '{{rpc_response_status_code}}'),
    ]),
    p.panel('Open streams, by method', 'short', 'Of lookups, of commands, and of events.', [
      p.line('sum by (rpc_method) (rpc_server_streams_active{%s})' % of, '{{rpc_method}}'),
    ]),
  ]),

  callee(job):: local of = select(job); p.row('Call streams: lookups that other services send', [
    p.panel('Lookups answered', 'reqps', 'Calls that came over call streams, by outcome.', [
      p.line('sum by (code) (rate(callstream_server_calls_total{%s}[$__rate_interval]))' % of, '{{code}}'),
    ]),
    p.panel('Lookups answered by one query', 'short', 'Calls handed to the database together, on average. It rises with the load, and so each costs less.', [
      p.line('sum(rate(callstream_server_batch_size_sum{%s}[$__rate_interval])) / sum(rate(callstream_server_batch_size_count{%s}[$__rate_interval]))' % [of, of], 'calls a query'),
    ]),
    p.panel('Wait of a lookup for its turn', 's', 'From its arrival to its query. Long where queries are slower than calls come.', p.quantiles('callstream_server_queue_duration_seconds', of)),
  ]),

  caller(job):: local of = select(job); p.row('Call streams: what it asks other services', [
    p.panel('Calls to other services', 'reqps', 'By method and outcome.', [
      p.line('sum by (rpc_method, code) (rate(callstream_client_calls_total{%s}[$__rate_interval]))' % of, '{{rpc_method}} {{code}}'),
    ]),
    p.panel('Calls sent twice, and calls refused', 'percentunit', 'Share of the calls of each method: a second copy after a slow first one (at most 5 %), and refusals because too many are under way.', [
      p.line('service:hedged_calls:ratio_rate10m{%s}' % of, 'sent twice: {{rpc_method}}'),
      p.line('service:shed_calls:ratio_rate5m{%s}' % of, 'refused: {{rpc_method}}'),
    ]),
    p.panel('Calls under way, and how many may be', 'short', 'Sent and not answered yet. A limit, where there is one, follows what the other service answers in time.', [
      p.line('sum by (rpc_method) (callstream_client_in_flight{%s})' % of, 'under way: {{rpc_method}}'),
      p.line('sum by (rpc_method) (callstream_client_limit{%s})' % of, 'limit: {{rpc_method}}'),
    ]),
  ]),

  events(job):: local of = select(job); p.row('Events that it publishes', [
    p.panel('Events published', 'cps', 'Brought to the log, each once for every topic it is in.', [
      p.line('sum(rate(eventlog_events_appended_total{%s}[$__rate_interval]))' % of, 'published'),
    ]),
    p.panel('Oldest event not published yet', 's', 'It is committed in the database and waits for the log. 0 when none waits.', [
      p.line('max(outbox_age_seconds{%s})' % of, 'waiting'),
    ]),
    p.panel('From commit to publication', 's', 'The oldest event of each batch.', p.quantiles('outbox_relay_lag_seconds', of)),
  ]),

  subscribers(job):: local of = select(job); p.row('Event streams that it serves', [
    p.panel('Open event streams', 'short', 'By method, all replicas together.', [
      p.line('sum by (rpc_method) (eventstream_server_streams{%s})' % of, '{{rpc_method}}'),
    ]),
    p.panel('Events sent to subscribers', 'cps', 'Counted for each subscriber.', [
      p.line('sum by (rpc_method) (rate(eventstream_server_events_total{%s}[$__rate_interval]))' % of, '{{rpc_method}}'),
    ]),
    p.panel('Bytes that wait to be sent', 'bytes', 'Queued for subscribers that read slower than events come; bounded for each.', [
      p.line('sum by (rpc_method) (eventstream_server_queued_bytes{%s})' % of, '{{rpc_method}}'),
    ]),
  ]),

  following(job):: local of = select(job); p.row('Event streams of other services that it follows', [
    p.panel('Open streams to other services', 'short', 'By method; of a consumer one for each partition.', [
      p.line('sum by (rpc_method) (eventstream_client_streams{%s})' % of, '{{rpc_method}}'),
    ]),
    p.panel('Events received from other services', 'cps', 'By the stream they come by.', [
      p.line('sum by (rpc_method) (rate(eventstream_client_events_total{%s}[$__rate_interval]))' % of, '{{rpc_method}}'),
    ]),
  ]),

  consumers(job):: local of = select(job); p.row('Partitions of other services that it consumes', [
    p.panel('Events consumed', 'cps', 'By the consumer, which is called as the service that the events come from.', [
      p.line('sum by (consumer) (rate(consumer_events_total{%s}[$__rate_interval]))' % of, '{{consumer}}'),
    ]),
    p.panel('From an event to what is made of it', 's', 'From the change that the event tells of to the commit of what this service makes of it.', p.quantiles('consumer_lag_seconds', of)),
    p.panel('Partitions at each replica', 'short', 'The events are cut into partitions, and each is consumed by one replica: shares should be alike.', [
      p.line('sum by (instance) (consumer_partitions_owned{%s})' % of, '{{instance}}'),
    ]),
    p.panel('Times that events may have been missed', 'short', 'Within ten minutes: a partition had to start anew at a later place. None is best.', [
      p.line('sum by (consumer) (increase(consumer_resets_total{%s}[10m]))' % of, '{{consumer}}'),
    ]),
    p.panel('Batches left to another replica', 'short', 'Within ten minutes: another replica had taken the partition over meanwhile. Harmless.', [
      p.line('sum by (consumer) (increase(consumer_fenced_total{%s}[10m]))' % of, '{{consumer}}'),
    ]),
  ]),

  due(job):: local of = select(job); p.row('Work that is due at a time', [
    p.panel('Work that waits and work that runs', 'short', 'By kind. 10,000 stands for that and more.', [
      p.line('max by (kind) (due_waiting{%s})' % of, 'waits: {{kind}}'),
      p.line('sum by (kind) (due_running{%s})' % of, 'runs: {{kind}}'),
    ]),
    p.panel('How late work is', 's', 'For how long what is to be begun next has been due. 0 when none is.', [
      p.line('max by (kind) (due_late_seconds{%s})' % of, '{{kind}}'),
    ]),
    p.panel('Work done and attempts that failed', 'cps', 'What failed is tried again by the schedule of its kind.', [
      p.line('sum by (kind) (rate(due_done_total{%s}[$__rate_interval]))' % of, 'done: {{kind}}'),
      p.line('sum by (kind) (rate(due_retried_total{%s}[$__rate_interval]))' % of, 'failed: {{kind}}'),
    ]),
    p.panel('Work set aside and results dropped', 'short', 'Set aside: all attempts failed. Dropped within ten minutes: another replica had taken the work over meanwhile. None is best.', [
      p.line('max by (kind) (due_quarantined{%s})' % of, 'set aside: {{kind}}'),
      p.line('sum by (kind) (increase(due_fenced_total{%s}[10m]))' % of, 'dropped: {{kind}}'),
    ]),
  ]),

  webhooks(job):: local of = select(job); p.row('Webhooks', [
    p.panel('Deliveries created', 'cps', 'One of each event for every endpoint that wants it.', [
      p.line('sum(rate(webhooks_created_total{%s}[$__rate_interval]))' % of, 'created'),
    ]),
    p.panel('Attempts by outcome', 'cps', 'Messages sent, and whether the endpoint took them. One that fails is sent less and less often.', [
      p.line('sum by (outcome) (rate(webhooks_attempts_total{%s}[$__rate_interval]))' % of, '{{outcome}}'),
    ]),
    p.panel('From an event to its receiver', 's', 'From the creation of a delivery to its success, of those that succeed at the first attempt.', p.quantiles('webhooks_delay_seconds', of)),
    p.panel('Deliveries given up, endpoints disabled', 'short', 'Within an hour: deliveries whose attempts have all failed, and endpoints that have failed for days or answered 410. None is best.', [
      p.line('sum(increase(webhooks_given_up_total{%s}[1h]))' % of, 'given up'),
      p.line('sum(increase(webhooks_disabled_total{%s}[1h]))' % of, 'disabled'),
    ]),
    p.panel('Webhooks that come in, by outcome', 'cps', 'Stored, or known already; or refused: not signed as the source says, signed too long ago, without an id, or to a source that is not there.', [
      p.line('sum by (outcome) (rate(webhooks_received_total{%s}[$__rate_interval]))' % of, '{{outcome}}'),
    ]),
  ]),

  egress(job):: local of = select(job); p.row('Requests to addresses of strangers', [
    p.panel('Requests to addresses of strangers, by outcome', 'reqps', 'Answered by whatever status, or why not.', [
      p.line('sum by (outcome) (rate(egress_requests_total{%s}[$__rate_interval]))' % of, '{{outcome}}'),
    ]),
    p.panel('Time that strangers take to answer', 's', 'From the turn of a request to its end.', p.quantiles('egress_request_duration_seconds', of)),
  ]),

  jobs(job):: local of = select(job); p.row('Jobs', [
    p.panel('Jobs enqueued, by kind', 'cps', 'What a job is; unknown: of a kind that this build does not do.', [
      p.line('sum by (kind) (rate(jobs_enqueued_total{%s}[$__rate_interval]))' % of, '{{kind}}'),
    ]),
    p.panel('Jobs that are over, by how', 'cps', 'Succeeded, failed in all attempts, cancelled, or not begun within the time that jobs are kept.', [
      p.line('sum by (outcome) (rate(jobs_ended_total{%s}[$__rate_interval]))' % of, '{{outcome}}'),
    ]),
    p.panel('Time that jobs wait', 's', 'From when a job was due to when it was begun.', p.quantiles('jobs_delay_seconds', of)),
    p.panel('Time that attempts take', 's', 'From the beginning of an attempt to its end, however it ended.', p.quantiles('jobs_duration_seconds', of)),
    p.panel('Attempts that came to nothing', 'short', 'Within ten minutes: attempts that failed and are followed by another, and attempts whose process ended in between.', [
      p.line('sum(increase(jobs_retried_total{%s}[10m]))' % of, 'failed'),
      p.line('sum(increase(jobs_interrupted_total{%s}[10m]))' % of, 'interrupted'),
    ]),
    p.panel('Worker processes that ended, jobs of unknown kinds', 'short', 'Within ten minutes: worker processes that have died, or were killed since a job did not end when it was asked to. And jobs that wait for a build that does their kind. None is best.', [
      p.line('sum by (reason) (increase(jobs_workers_total{%s}[10m]))' % of, '{{reason}}'),
      p.line('max(jobs_unknown_kinds{%s})' % of, 'of unknown kinds'),
    ]),
  ]),

  flows(job):: local of = select(job); p.row('Flows', [
    p.panel('Flows started, by kind', 'cps', 'Also those that run another one again.', [
      p.line('sum by (kind) (rate(flows_started_total{%s}[$__rate_interval]))' % of, '{{kind}}'),
    ]),
    p.panel('Flows that are over, by how', 'cps', 'Succeeded, failed or cancelled; what the last two had done is undone.', [
      p.line('sum by (outcome) (rate(flows_ended_total{%s}[$__rate_interval]))' % of, '{{outcome}}'),
    ]),
    p.panel('Steps that are over, by how', 'cps', 'Done, failed in all attempts, or waited in vain. Jobs and signals that end a step are not counted here.', [
      p.line('sum by (outcome) (rate(flows_steps_total{%s}[$__rate_interval]))' % of, '{{outcome}}'),
    ]),
    p.panel('Time that flows go on', 's', 'From when a flow goes on to when it waits, is over, or others have their turn.', p.quantiles('flows_turn_seconds', of)),
  ]),

  process(job):: local of = select(job); p.row('What each replica costs', [
    p.panel('Processor time used', 'short', 'Processors busy, for each replica.', [
      p.line('sum by (instance) (rate(dotnet_process_cpu_time_seconds_total{%s}[$__rate_interval]))' % of, '{{instance}}'),
    ]),
    p.panel('Memory used', 'bytes', 'Resident memory of each replica.', [
      p.line('dotnet_process_memory_working_set_bytes{%s}' % of, '{{instance}}'),
    ]),
    p.panel('Time lost to garbage collection', 'percentunit', 'Share of the time in which a replica stood still for it.', [
      p.line('rate(dotnet_gc_pause_time_seconds_total{%s}[$__rate_interval])' % of, '{{instance}}'),
    ]),
  ]),
}
