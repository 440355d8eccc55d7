local p = import 'panels.libsonnet';
local service = import 'service.libsonnet';
local chosen = '$service';

p.dashboard('microservices-service', 'Service', 'One service, whichever is chosen. A row that stays empty is of something that it does not do.', [
  service.answers(chosen),
  service.callee(chosen),
  service.caller(chosen),
  service.events(chosen),
  service.subscribers(chosen),
  service.following(chosen),
  service.consumers(chosen),
  service.due(chosen),
  service.webhooks(chosen),
  service.egress(chosen),
  service.jobs(chosen),
  service.flows(chosen),
  service.process(chosen),
], service=true)
