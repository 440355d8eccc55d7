using System.Globalization;
using System.Net;
using k8s.Models;
using Microservices.Egress;
using Microservices.Local;

namespace Microservices.Tests.Unit.Deploy;

/// <summary>
/// That nothing may talk to anything but what it calls: reckons, as a cluster does, which pod may reach which port of which other pod, and
/// compares with what the pods' settings say they call.
/// </summary>
internal static class NetworkRules
{
    // Of the internet, and of networks that are not it.
    private static readonly IPAddress[] Addresses =
    [
        .. ((string[])
        [
            "8.8.8.8", "172.15.255.255", "172.32.0.1", "223.255.255.255", "2606:4700::1111", "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "168.63.129.16", "169.254.169.254", "172.16.0.1", "192.0.0.1", "192.0.2.1",
            "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "::1", "64:ff9b::a00:1", "2001::1", "2001:db8::1", "2002:a00:1::1", "3fff::1",
            "fd00::1", "fe80::1", "ff02::1",
        ]).Select(IPAddress.Parse),
    ];

    private static readonly int[] ProbedPorts = [22, 80, 443, 1_023, 1_024, 65_535];

    public static IEnumerable<string> Check(Manifests manifests)
    {
        var policies = manifests.All<V1NetworkPolicy>().ToArray();
        if (!policies.Any(p => p.Spec.PodSelector.MatchLabels is null && p.Spec.PolicyTypes.Order().SequenceEqual(["Egress", "Ingress"]) && p.Spec.Ingress is null && p.Spec.Egress is null))
            yield return "nothing is denied by default";

        foreach (var policy in policies)
        {
            var pods = manifests.Find(policy.Spec.PodSelector.MatchLabels);
            if (pods.Count == 0)
                yield return $"NetworkPolicy {policy.Metadata.Name} is of no pods";
            foreach (var rule in policy.Spec.Ingress ?? [])
            {
                foreach (var broken in Ports(policy, rule.Ports, pods).Concat(Peers(manifests, policy, rule.FromProperty)))
                    yield return broken;
            }

            foreach (var rule in policy.Spec.Egress ?? [])
            {
                var peers = (rule.To ?? []).Where(p => p.NamespaceSelector is null && p.PodSelector is not null).SelectMany(p => manifests.Find(p.PodSelector.MatchLabels)).ToArray();
                foreach (var broken in Ports(policy, rule.Ports, peers).Concat(Peers(manifests, policy, rule.To)))
                    yield return broken;
                if (rule.To is null or { Count: 0 })
                    yield return $"NetworkPolicy {policy.Metadata.Name} lets its pods out to anywhere";
            }
        }

        var calls = manifests.Pods.SelectMany(pod => ReferenceRules.Backends(pod).SelectMany(b => Behind(manifests, b.Service)).Select(called => $"{pod.Name} -> {called}")
            .Concat(ReferenceRules.Identity(pod).Select(a => $"{pod.Name} -> {a.Host} over HTTP"))).ToHashSet();
        var allowed = Allowed(manifests, policies, "grpc").Concat(Allowed(manifests, policies, "http").Select(call => $"{call} over HTTP")).ToHashSet();
        foreach (var call in calls.Except(allowed))
            yield return $"{call} is called and not allowed";
        foreach (var call in allowed.Except(calls))
            yield return $"{call} is allowed and not called";
        foreach (var (pod, collector) in manifests.Pods.SelectMany(pod => Collectors(manifests, pod).Select(collector => (pod, collector))))
        {
            if (!policies.Any(policy => manifests.Find(policy.Spec.PodSelector.MatchLabels).Contains(pod) && (policy.Spec.Egress ?? []).Any(rule => Reaches(rule, collector))))
                yield return $"{pod.Name} is to send to {collector} and may not";
        }

        foreach (var broken in Internet(manifests, policies))
            yield return broken;
    }

    // Who calls strangers reaches what its process calls (services/Shared/Egress), and nobody else reaches any of it.
    private static IEnumerable<string> Internet(Manifests manifests, V1NetworkPolicy[] policies)
    {
        var process = new AddressPolicy(new EgressOptions());
        return from pod in manifests.Pods
               let rules = policies.Where(policy => manifests.Find(policy.Spec.PodSelector.MatchLabels).Contains(pod)).SelectMany(policy => policy.Spec.Egress ?? []).ToArray()
               let callsStrangers = Catalog.Services.Any(service => service.Name == pod.Name && service.CallsStrangers)
               from address in Addresses
               from port in ProbedPorts
               let calls = callsStrangers && process.Allows(address) && port is (443 or >= 1_024)
               let may = rules.Any(rule => Reaches(rule, address, port))
               where calls != may
               select may ? $"{pod.Name} may reach {address}:{port}" : $"{pod.Name} is to call {address}:{port} and may not";
    }

    private static bool Reaches(V1NetworkPolicyEgressRule rule, IPAddress address, int port) =>
        (rule.To ?? []).Any(peer => peer.IpBlock is { } block && IPNetwork.Parse(block.Cidr).Contains(address) && !(block.Except ?? []).Any(except => IPNetwork.Parse(except).Contains(address)))
        && (rule.Ports is null || rule.Ports.Any(p => int.TryParse(p.Port?.Value, CultureInfo.InvariantCulture, out var first) && port >= first && port <= (p.EndPort ?? first)));

    // The pods of a Service, which may be called otherwise; where there is no such Service, its name.
    private static string[] Behind(Manifests manifests, string service)
    {
        var pods = manifests.All<V1Service>().Where(s => s.Metadata.Name == service).SelectMany(s => manifests.Find(s.Spec.Selector)).Select(pod => pod.Name).Distinct().ToArray();
        return pods is [] ? [service] : pods;
    }

    // Where a pod is told to send its traces, metrics and logs.
    private static IEnumerable<Uri> Collectors(Manifests manifests, Pod pod) =>
        from name in pod.Containers.SelectMany(c => c.EnvFrom ?? []).Select(e => e.ConfigMapRef?.Name)
        from map in manifests.All<V1ConfigMap>()
        where map.Metadata.Name == name && map.Data.ContainsKey("OTEL_EXPORTER_OTLP_ENDPOINT")
        select new Uri(map.Data["OTEL_EXPORTER_OTLP_ENDPOINT"]);

    // Its name is that of a Service, and of its namespace.
    private static bool Reaches(V1NetworkPolicyEgressRule rule, Uri collector) =>
        (rule.Ports ?? []).Any(port => port.Port.Value == $"{collector.Port}")
        && (rule.To ?? []).Any(peer => peer.NamespaceSelector?.MatchLabels["kubernetes.io/metadata.name"] == collector.Host.Split('.')[1]);

    private static IEnumerable<string> Allowed(Manifests manifests, V1NetworkPolicy[] policies, string port)
    {
        var services = manifests.Pods.Where(p => p.Labels["app.kubernetes.io/component"] == "service").ToArray();
        return from caller in services
               from callee in services
               where policies.Any(p => Is(p, caller) && (p.Spec.Egress ?? []).Any(rule => Names(rule.To, callee) && Opens(rule.Ports)))
                   && policies.Any(p => Is(p, callee) && (p.Spec.Ingress ?? []).Any(rule => Names(rule.FromProperty, caller) && Opens(rule.Ports)))
               select $"{caller.Name} -> {callee.Name}";

        bool Is(V1NetworkPolicy policy, Pod pod) => manifests.Find(policy.Spec.PodSelector.MatchLabels).Contains(pod);
        bool Names(IList<V1NetworkPolicyPeer>? peers, Pod pod) => (peers ?? []).Any(peer => peer.NamespaceSelector is null && peer.PodSelector is not null && manifests.Find(peer.PodSelector.MatchLabels).Contains(pod));
        bool Opens(IList<V1NetworkPolicyPort>? ports) => ports is null || ports.Any(p => p.Port?.Value == port);
    }

    private static IEnumerable<string> Ports(V1NetworkPolicy policy, IList<V1NetworkPolicyPort>? ports, IReadOnlyCollection<Pod> pods) =>
        from port in ports ?? []
        where pods.Count > 0 && !pods.All(pod => pod.Has(port.Port.Value))
        select $"NetworkPolicy {policy.Metadata.Name} opens port {port.Port.Value}, which not all of its pods have";

    private static IEnumerable<string> Peers(Manifests manifests, V1NetworkPolicy policy, IList<V1NetworkPolicyPeer>? peers) =>
        from peer in peers ?? []
        where peer.NamespaceSelector is null && peer.IpBlock is null && manifests.Find(peer.PodSelector.MatchLabels).Count == 0
        select $"NetworkPolicy {policy.Metadata.Name} names pods that are not there";
}
