local p = import 'panels.libsonnet';
local service = import 'service.libsonnet';
local of = 'namespace=~"$namespace",job="notifications"';

p.dashboard('microservices-notifications', 'Notifications', 'The inbox of every user, made of the events of orders.', [
  p.row('From events of orders to notifications', [
    p.panel('Events made into notifications', 'cps', 'By the feed they come from.', [
      p.line('sum by (feed) (rate(feed_events_total{%s}[$__rate_interval]))' % of, '{{feed}}'),
    ]),
    p.panel('From an event to its notification', 's', 'From the change of the order to the commit of the notification.', p.quantiles('feed_lag_seconds', of)),
    p.panel('Partitions at each replica', 'short', 'The feed is cut into partitions, and each is worked on by one replica: shares should be alike.', [
      p.line('sum by (instance) (feed_partitions_owned{%s})' % of, '{{instance}}'),
    ]),
    p.panel('Times that events may have been missed', 'short', 'Within ten minutes: the feed had to start anew at a later place. None is best.', [
      p.line('sum by (feed) (increase(feed_resets_total{%s}[10m]))' % of, '{{feed}}'),
    ]),
    p.panel('Batches left to another replica', 'short', 'Within ten minutes: another replica had taken the partition over meanwhile. Harmless.', [
      p.line('sum by (feed) (increase(feed_fenced_total{%s}[10m]))' % of, '{{feed}}'),
    ]),
    p.panel('Streams that follow orders', 'short', 'One for each partition.', [
      p.line('sum by (rpc_method) (eventstream_client_streams{%s})' % of, '{{rpc_method}}'),
    ]),
  ]),
  service.answers('notifications'),
  service.events('notifications'),
  service.process('notifications'),
])
