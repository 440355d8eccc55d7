local p = import 'panels.libsonnet';
local service = import 'service.libsonnet';
local of = 'namespace=~"$namespace",job="orders"';

p.dashboard('microservices-orders', 'Orders', 'Orders, from placed to delivered.', [
  p.row('Orders', [
    p.panel('Orders placed one by one', 'reqps', 'By outcome. OK also where an order was sent again and known already.', [
      p.line('sum by (rpc_response_status_code) (rate(rpc_server_call_duration_seconds_count{%s,rpc_method=~".*/PlaceOrder"}[$__rate_interval]))' % of, '{{rpc_response_status_code}}'),
    ]),
    p.panel('Time to place an order', 's', 'From the arrival of the call to its answer, the commit included.', p.quantiles('rpc_server_call_duration_seconds', of + ',rpc_method=~".*/PlaceOrder"')),
    p.panel('Open streams of commands', 'short', 'Clients that place many orders over one stream.', [
      p.line('sum(rpc_server_streams_active{%s,rpc_method=~".*/PlaceOrders"})' % of, 'open'),
    ]),
  ]),
  service.answers('orders'),
  service.callee('orders'),
  service.caller('orders'),
  service.events('orders'),
  service.process('orders'),
])
