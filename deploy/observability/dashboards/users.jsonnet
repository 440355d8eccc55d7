local p = import 'panels.libsonnet';
local service = import 'service.libsonnet';

p.dashboard('microservices-users', 'Users', 'The people who place orders.', [
  service.answers('users'),
  service.callee('users'),
  service.events('users'),
  service.process('users'),
])
