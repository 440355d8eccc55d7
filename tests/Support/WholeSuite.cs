using System.Globalization;
using Microservices.Local;

namespace Microservices.Tests.Support;

/// <summary>Processes of every service of the table (deploy/local), on free ports, each told where those are that it calls.</summary>
public sealed class WholeSuite : IAsyncDisposable
{
    private static readonly Lazy<Keys> Keys = new(MakeKeys);

    private readonly Dictionary<string, ReplicaProcess[]> services = [];

    /// <summary>The replicas of a service, such as "orders".</summary>
    public ReplicaProcess[] this[string service] => services[service];

    /// <summary>The names of the services, who is called before who calls.</summary>
    public IEnumerable<string> Names => services.Keys;

    /// <summary>All of them, who is called before who calls.</summary>
    public IReadOnlyList<ReplicaProcess> All => [.. services.Values.SelectMany(replicas => replicas)];

    /// <summary>Starts them, and returns when all are ready.</summary>
    /// <param name="database">The connection string of a service's database, by its name.</param>
    /// <param name="settings">Settings of all of them.</param>
    /// <param name="replicas">How many of each service.</param>
    public static async Task<WholeSuite> StartAsync(Func<string, Task<string>> database, IReadOnlyDictionary<string, string> settings, int replicas = 1)
    {
        var suite = new WholeSuite();
        try
        {
            foreach (var service in Catalog.Services)
            {
                var its = new Dictionary<string, string>(settings);
                if (service.HasDatabase)
                    its["ConnectionStrings__Database"] = await database(service.Name);
                foreach (var backend in Catalog.Services.Where(s => service.Backends.Contains(s.Project)))
                {
                    foreach (var (i, at) in suite[backend.Name].Index())
                        its[$"Backends__{backend.Project}__Addresses__{i}"] = at.Address;
                }

                if (service.ForwardsIdentity)
                    its["Authority__Address"] = Http(suite[Catalog.Identity.Name][0]);
                if (service == Catalog.Identity)
                    its["Identity__Issuer"] = "https://identity.test";
                if (service.Seals)
                    (its[$"{service.Project}__CertificateFile"], its[$"{service.Project}__PrivateKeyFile"]) = (Keys.Value.CertificateOf(service), Keys.Value.CertificateKeyOf(service));
                suite.services[service.Name] = [.. Enumerable.Range(0, replicas).Select(_ => new ReplicaProcess(service.Folder, its, service.HttpPort is not null))];
            }

            await Task.WhenAll(suite.All.Select(r => r.UntilReadyAsync()));
            return suite;
        }
        catch
        {
            await suite.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var replica in All.Reverse())
            await replica.DisposeAsync();
    }

    private static string Http(ReplicaProcess process) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{process.HttpPort}");

    private static Keys MakeKeys()
    {
        var keys = new Keys(Directory.CreateTempSubdirectory("keys-").FullName);
        keys.MakeMissing(Catalog.Services);
        return keys;
    }
}
