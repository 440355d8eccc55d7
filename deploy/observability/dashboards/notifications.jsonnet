local p = import 'panels.libsonnet';
local service = import 'service.libsonnet';
local of = 'namespace=~"$namespace",job="notifications"';

p.dashboard('microservices-notifications', 'Notifications', 'The inbox of every user, made of the events of orders.', [
  p.row('From events of orders to notifications', [
    p.panel('Events made into notifications', 'cps', 'By the service they come from.', [
      p.line('sum by (consumer) (rate(consumer_events_total{%s}[$__rate_interval]))' % of, '{{consumer}}'),
    ]),
    p.panel('From an event to its notification', 's', 'From the change of the order to the commit of the notification.', p.quantiles('consumer_lag_seconds', of)),
    p.panel('Partitions at each replica', 'short', 'The events are cut into partitions, and each is consumed by one replica: shares should be alike.', [
      p.line('sum by (instance) (consumer_partitions_owned{%s})' % of, '{{instance}}'),
    ]),
    p.panel('Times that events may have been missed', 'short', 'Within ten minutes: a partition had to start anew at a later place. None is best.', [
      p.line('sum by (consumer) (increase(consumer_resets_total{%s}[10m]))' % of, '{{consumer}}'),
    ]),
    p.panel('Batches left to another replica', 'short', 'Within ten minutes: another replica had taken the partition over meanwhile. Harmless.', [
      p.line('sum by (consumer) (increase(consumer_fenced_total{%s}[10m]))' % of, '{{consumer}}'),
    ]),
    p.panel('Streams that follow orders', 'short', 'One for each partition.', [
      p.line('sum by (rpc_method) (eventstream_client_streams{%s})' % of, '{{rpc_method}}'),
    ]),
  ]),
  service.answers('notifications'),
  service.events('notifications'),
  service.process('notifications'),
])
