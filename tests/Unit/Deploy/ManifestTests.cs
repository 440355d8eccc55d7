using System.Globalization;
using System.Text;
using k8s.Models;
using Microservices.EventLog;
using Microservices.Local;
using Microservices.Local.Render;
using Microservices.Tests.Support;

namespace Microservices.Tests.Unit.Deploy;

/// <summary>deploy/k8s as <c>kubectl apply -k</c> would send it.</summary>
public sealed class ManifestTests
{
    private static readonly string[] Services = [.. Catalog.Services.Select(s => s.Name).Order()];

    [Fact]
    public void What_is_rendered_is_what_the_table_of_services_says() =>
        Assert.True(KubernetesServices.Render(Catalog.Services) == File.ReadAllText(RenderCommand.KubernetesFile), "services.yaml is out of date: dotnet run --project deploy/local -- render kubernetes");

    [TheoryNeeding(Need.Kubectl)]
    [InlineData("dev")]
    [InlineData("prod")]
    public void Pods_are_restricted_probed_measured_and_stop_in_good_order(string overlay) => Assert.Empty(PodRules.Check(Manifests.Of(overlay)));

    [TheoryNeeding(Need.Kubectl)]
    [InlineData("dev")]
    [InlineData("prod")]
    public void Whatever_is_named_is_there(string overlay) => Assert.Empty(ReferenceRules.Check(Manifests.Of(overlay)));

    [TheoryNeeding(Need.Kubectl)]
    [InlineData("dev")]
    [InlineData("prod")]
    public void Every_pod_may_talk_to_what_it_calls_and_to_nothing_else(string overlay) => Assert.Empty(NetworkRules.Check(Manifests.Of(overlay)));

    [TheoryNeeding(Need.Kubectl)]
    [InlineData("dev")]
    [InlineData("prod")]
    public async Task With_the_mtls_component_every_port_and_call_is_over_TLS_with_a_certificate_of_the_services_own_and_nothing_is_allowed_without(string overlay)
    {
        var manifests = Manifests.Parse(Manifests.RenderWith(overlay, "mtls"));

        Assert.Empty(PodRules.Check(manifests).Concat(ReferenceRules.Check(manifests)).Concat(NetworkRules.Check(manifests)));
        Assert.Equal("false", manifests.All<V1ConfigMap>().Single(map => map.Data.ContainsKey("Tls__AllowPlaintext")).Data["Tls__AllowPlaintext"]);
        var made = (await SecretsAsync()).ToDictionary(secret => secret.Metadata.Name, secret => secret.Data);
        foreach (var pod in manifests.Pods.Where(p => p.Labels["app.kubernetes.io/component"] == "service"))
        {
            var addresses = pod.Containers.SelectMany(c => c.Env).Where(e => e.Value?.Contains("://", StringComparison.Ordinal) == true && !e.Value.StartsWith("dns:", StringComparison.Ordinal) && e.Name != "Kestrel__Endpoints__Management__Url").ToArray();
            Assert.NotEmpty(addresses);
            Assert.All(addresses, address => Assert.StartsWith("https://", address.Value, StringComparison.Ordinal));
            var files = ReferenceRules.FilesOf(pod).Where(file => file.Secret == $"{pod.Name}-tls").Select(file => file.Key!).Order().ToArray();
            Assert.Equal(["ca.crt", "tls.crt", "tls.key"], files);
            Assert.All(files, file => Assert.True(made[$"{pod.Name}-tls"].ContainsKey(file)));
            Assert.False(pod.Spec.Volumes.Single(volume => volume.Name == "tls").Secret.Optional);
            Assert.Equal("/health/ready", pod.Containers.Single().ReadinessProbe.HttpGet.Path);
            Assert.Null(pod.Containers.Single().LivenessProbe.Grpc);
        }

        Assert.DoesNotContain(manifests.All<V1Service>().SelectMany(s => s.Spec.Ports), port => port.AppProtocol is "http" or "kubernetes.io/h2c");
    }

    /// <summary>The negative controls of the above.</summary>
    [TheoryNeeding(Need.Kubectl)]
    [InlineData("secretName: orders-tls", "secretName: gateway-tls", "the private key of another service")]
    [InlineData("SCHEME: https", "SCHEMES: https", "a variable that nobody sets: $(SCHEME)://")]
    [InlineData("value: /tls/ca.crt", "value: /tls/ca.pem", "which nobody makes")]
    [InlineData("path: /health/live\n            port: management", "path: /health/live\n            port: grpc", "probe asks for /health/live at port grpc")]
    public void What_is_wrong_with_TLS_is_named(string right, string wrong, string says)
    {
        var yaml = Manifests.RenderWith("dev", "mtls");
        Assert.Contains(right, yaml, StringComparison.Ordinal);
        var manifests = Manifests.Parse(yaml.Replace(right, wrong, StringComparison.Ordinal));

        Assert.Contains(PodRules.Check(manifests).Concat(ReferenceRules.Check(manifests)), broken => broken.Contains(says, StringComparison.Ordinal));
    }

    [TheoryNeeding(Need.Kubectl)]
    [InlineData("dev")]
    [InlineData("prod")]
    public void With_the_collector_component_every_service_sends_to_a_collector_and_may_reach_it(string overlay)
    {
        var manifests = Manifests.Parse(Manifests.RenderWith(overlay, "collector"));

        Assert.Contains(manifests.All<V1ConfigMap>(), map => map.Data.ContainsKey("OTEL_EXPORTER_OTLP_ENDPOINT"));
        Assert.Empty(PodRules.Check(manifests).Concat(ReferenceRules.Check(manifests)).Concat(NetworkRules.Check(manifests)));
    }

    /// <summary>The negative controls of the above.</summary>
    [TheoryNeeding(Need.Kubectl)]
    [InlineData("- port: 4317", "- port: 4318")]
    [InlineData("http://otel-collector.monitoring:4317", "http://otel-collector.elsewhere:4317")]
    public void A_collector_that_may_not_be_reached_is_named(string right, string wrong)
    {
        var yaml = Manifests.RenderWith("dev", "collector");
        Assert.Contains(right, yaml, StringComparison.Ordinal);

        Assert.Contains("gateway is to send to http://otel-collector.", string.Join('\n', NetworkRules.Check(Manifests.Parse(yaml.Replace(right, wrong, StringComparison.Ordinal)))), StringComparison.Ordinal);
    }

    [TheoryNeeding(Need.Kubectl)]
    [InlineData("dev")]
    [InlineData("prod")]
    public void Every_service_has_a_deployment_a_disruption_budget_and_if_it_has_a_database_a_migration(string overlay)
    {
        var manifests = Manifests.Of(overlay);

        Assert.Equal(Services, manifests.Pods.Where(p => p.Labels["app.kubernetes.io/component"] == "service").Select(p => p.Name).Order());
        Assert.Equal(Services, manifests.All<V1PodDisruptionBudget>().Select(b => b.Metadata.Name).Order());
        Assert.Equal(Catalog.Services.Where(s => s.HasDatabase).Select(s => $"{s.Name}-migration").Order(), manifests.All<V1Job>().Select(j => j.Metadata.Name).Order());
        Assert.All(manifests.Pods.Where(p => !p.Stays), job => Assert.Equal("true", job.Setting("Persistence__MigrateAndExit")));
    }

    [FactNeeding(Need.Kubectl)]
    public void Dev_runs_by_itself_and_needs_nothing_but_Kubernetes()
    {
        var manifests = Manifests.Of("dev");

        Assert.DoesNotContain(manifests.Objects, o => o is ServiceMonitor or PrometheusRule);
        Assert.All(manifests.All<V1Deployment>(), deployment => Assert.True(deployment.Spec.Replicas is null or 1));
        Assert.Superset(new HashSet<string> { "redis", "postgres" }, manifests.Pods.Select(p => p.Name).ToHashSet());
    }

    [FactNeeding(Need.Kubectl)]
    public void The_Redis_of_dev_has_memory_for_the_budgets_of_all_services_and_the_pod_for_Redis()
    {
        var manifests = Manifests.Of("dev");
        var redis = manifests.Pods.Single(p => p.Name == "redis").Spec.Containers.Single();
        var most = long.Parse(redis.Args[redis.Args.IndexOf("--maxmemory") + 1].Replace("mb", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) << 20;
        var defaults = new EventLogOptions();
        // Of those that append: all keep a database.
        var budgets = manifests.Pods.Where(p => p.Stays && p.Containers.Any(c => c.Env?.Any(e => e.Name == "ConnectionStrings__Database") == true))
            .Sum(p => Number(p, "EventLog__MaxBytes", defaults.MaxBytes) + Number(p, "EventLog__MaxTransientBytes", defaults.MaxTransientBytes));

        Assert.True(budgets > 0);
        // Half as much again for what an estimate misses, and as much as all of it once more for what a replica left that was replaced.
        Assert.InRange(most, budgets * 5 / 2, long.MaxValue);
        Assert.InRange(redis.Resources.Limits["memory"].ToInt64(), most * 5 / 4, long.MaxValue);
        Assert.Equal("noeviction", redis.Args[redis.Args.IndexOf("--maxmemory-policy") + 1]);

        static long Number(Pod pod, string key, long otherwise) => pod.Setting(key) is { } text ? long.Parse(text, CultureInfo.InvariantCulture) : otherwise;
    }

    [FactNeeding(Need.Kubectl)]
    public void Prod_has_three_replicas_of_every_service_and_more_under_load()
    {
        var autoscalers = Manifests.Of("prod").All<V2HorizontalPodAutoscaler>().ToArray();

        Assert.Equal(Services, autoscalers.Select(a => a.Metadata.Name).Order());
        Assert.All(autoscalers, autoscaler =>
        {
            Assert.Equal(3, autoscaler.Spec.MinReplicas);
            Assert.Equal(["Pods open_streams", "Resource cpu"], autoscaler.Spec.Metrics.Select(m => $"{m.Type} {m.Resource?.Name ?? m.Pods.Metric.Name}").Order());
        });
    }

    [TheoryNeeding(Need.Kubectl)]
    [InlineData("dev")]
    [InlineData("prod")]
    public async Task The_script_makes_every_file_of_keys_that_a_pod_names_and_every_service_sees_its_own_key_only(string overlay)
    {
        var made = (await SecretsAsync()).ToDictionary(secret => secret.Metadata.Name, secret => secret.Data);
        var files = Manifests.Of(overlay).Pods.SelectMany(ReferenceRules.FilesOf).ToArray();

        Assert.All(files, file => Assert.True(file.Key is null ? made[file.Secret].Count > 0 : made[file.Secret].ContainsKey(file.Key), $"{file.Secret} has no {file.Key}"));
        Assert.Equal(Catalog.Services.Select(s => $"{s.Name}-key").Order(), files.Select(file => file.Secret).Where(secret => secret.EndsWith("-key", StringComparison.Ordinal)).Distinct().Order());
        Assert.Equal(Catalog.Services.Where(s => s.Seals).Select(s => $"{s.Name}-certificate").Order(), files.Select(file => file.Secret).Where(secret => secret.EndsWith("-certificate", StringComparison.Ordinal)).Distinct().Order());
        Assert.Equal(Catalog.Services.Select(s => $"{s.Name}.json").Order(), made["workload-keys"].Keys.Order());
        // What Identity has of others is no private key.
        Assert.DoesNotContain(made["workload-keys"].Values, set => Encoding.UTF8.GetString(set).Contains("\"d\"", StringComparison.Ordinal));
        Assert.Equal(overlay == "dev", files.Any(file => file.Secret == "demo"));
    }

    [FactNeeding(Need.Kubectl)]
    public void Prod_takes_the_tokens_of_an_https_address_only()
    {
        var settings = Manifests.Of("prod").All<V1ConfigMap>().Single(map => map.Data.ContainsKey("Auth__Authority")).Data;

        Assert.Equal("Production", settings["DOTNET_ENVIRONMENT"]);
        Assert.Matches("^https://[^/]+/$", settings["Auth__Authority"]);
    }

    [FactNeeding(Need.Kubectl)]
    public void Prod_makes_no_secrets() => Assert.Empty(Manifests.Of("prod").All<V1Secret>());

    /// <summary>The negative controls: each change breaks a rule, which says so.</summary>
    [TheoryNeeding(Need.Kubectl)]
    [InlineData("readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false", "more rights")]
    [InlineData("runAsNonRoot: true", "runAsNonRoot: false", "as root")]
    [InlineData("image: microservices/users:1.0.0", "image: microservices/users:latest", "not pinned")]
    [InlineData("terminationGracePeriodSeconds: 40", "terminationGracePeriodSeconds: 25", "needs 35 s to stop")]
    [InlineData("service: liveness", "service: users.v1.UsersService", "probe asks about")]
    [InlineData("port: 5001\n            service", "port: 5009\n            service", "none of its ports")]
    [InlineData("targetPort: grpc", "targetPort: rpc", "a port grpc that its pods have not")]
    [InlineData("key: connection-string", "key: connection", "which nobody makes")]
    [InlineData("dns:///users:5001", "dns:///users:5002", "no headless Service")]
    [InlineData("- port: redis", "- port: reddis", "opens port reddis")]
    [InlineData("name: Backends__Orders__Addresses__0", "name: Other", "is allowed and not called")]
    [InlineData("          app.kubernetes.io/name: gateway\n    ports", "          app.kubernetes.io/name: users\n    ports", "is called and not allowed")]
    [InlineData("value: $(SCHEME)://identity:8089/connect/token", "value: http://identity:5009/connect/token", "no Service with that port")]
    [InlineData("secretName: orders-key", "secretName: gateway-key", "the private key of another service")]
    [InlineData("secretName: webhooks-certificate", "secretName: identity-certificate", "the private key of another service")]
    [InlineData("      app.kubernetes.io/name: webhooks\n  policyTypes", "      app.kubernetes.io/name: orders\n  policyTypes", "orders may reach 8.8.8.8:443")]
    [InlineData("- 169.254.0.0/16\n", "- 169.254.0.0/24\n", "webhooks may reach 169.254.169.254:443")]
    [InlineData("- port: 443\n", "- port: 80\n", "webhooks is to call 8.8.8.8:443 and may not")]
    [InlineData("value: /certificate/tls.key", "value: /certificate/key.pem", "which nobody makes")]
    [InlineData("fsGroup: 1654", "fsGroup: 1000", "cannot read its Secrets' files")]
    [InlineData("name: Auth__KeysAddress\n          value: $(SCHEME)://identity:8089", "name: Auth__KeysAddress\n          value: http://gateway:8080", "gateway over HTTP is called and not allowed")]
    public void A_rule_that_is_broken_says_so(string right, string wrong, string says)
    {
        var yaml = Manifests.Render("dev");
        Assert.Contains(right, yaml, StringComparison.Ordinal);
        var manifests = Manifests.Parse(yaml.Replace(right, wrong, StringComparison.Ordinal));

        Assert.Contains(PodRules.Check(manifests).Concat(ReferenceRules.Check(manifests)).Concat(NetworkRules.Check(manifests)), broken => broken.Contains(says, StringComparison.Ordinal));
    }

    private static async Task<IReadOnlyList<V1Secret>> SecretsAsync()
    {
        var directory = Directory.CreateTempSubdirectory("keys-").FullName;
        try
        {
            new Keys(Path.Combine(directory, "keys")).MakeMissing(Catalog.Services);
            Plan.CertificatesOf(Path.Combine(directory, "keys")).MakeMissing(Catalog.Services);
            var (code, yaml, error) = await Shell.RunAsync($"exec '{Path.Combine(Needs.Root, "deploy", "k8s", "secrets")}' '{directory}/keys' '{directory}/demo'");
            Assert.True(code == 0, error);
            return [.. Manifests.Parse(yaml).All<V1Secret>()];
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [TheoryNeeding(Need.Kubectl)]
    [InlineData("dev", "periodSeconds: 2", "periodsSeconds: 2")]
    [InlineData("dev", "maxUnavailable: 1", "maxUnavailble: 1")]
    [InlineData("prod", "jobLabel:", "joblabel:")]
    public void A_field_that_there_is_not_is_refused(string overlay, string right, string wrong) =>
        Assert.ThrowsAny<Exception>(() => Manifests.Parse(Manifests.Render(overlay).Replace(right, wrong, StringComparison.Ordinal)));
}
