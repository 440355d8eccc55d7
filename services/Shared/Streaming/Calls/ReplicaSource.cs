using System.ComponentModel.DataAnnotations;
using System.Net;

namespace Microservices.Streaming.Calls;

/// <summary>Says where the replicas of a backend are. It is asked again and again, by one caller at a time.</summary>
public interface IReplicaSource
{
    /// <summary>The replicas that there are now. When it throws, the known ones are kept.</summary>
    ValueTask<IReadOnlyCollection<Uri>> ResolveAsync(CancellationToken cancellationToken);
}

/// <summary>The configured replicas: addresses as they are, and names, which are resolved anew each time, with TLS where the process knows the suite's certificate authority.</summary>
internal sealed class ConfiguredReplicas(IEnumerable<string> addresses, IClientTls? tls = null) : IReplicaSource
{
    private const string Examples = "http://host:port, https://host:port or dns:///host:port";

    private readonly Uri[] _addresses = [.. addresses.Select(a => new Uri(a))];

    public async ValueTask<IReadOnlyCollection<Uri>> ResolveAsync(CancellationToken cancellationToken)
    {
        var found = new HashSet<Uri>();
        foreach (var address in _addresses)
        {
            if (!IsName(address))
            {
                found.Add(address);
                continue;
            }

            var name = NameOf(address);
            foreach (var ip in await Dns.GetHostAddressesAsync(name.Host, cancellationToken))
                found.Add(new UriBuilder(tls is { IsOn: true } ? "https" : "http", ip.ToString(), name.Port).Uri);
        }

        return found;
    }

    /// <summary>The names among configured addresses, without ports: a replica's certificate is for one of them, and not for its address.</summary>
    internal static IEnumerable<string> NamesOf(IEnumerable<string> addresses) => addresses.Select(address => new Uri(address)).Where(IsName).Select(uri => NameOf(uri).Host);

    /// <summary>What is wrong with configured addresses: there is at least one, unless they come from elsewhere, and each is like those that are documented.</summary>
    internal static IEnumerable<ValidationResult> Validate(string member, IList<string> addresses, bool ownSource)
    {
        if (addresses.Count == 0 && !ownSource)
            yield return new ValidationResult($"must have at least one address: {Examples}", [member]);
        for (var i = 0; i < addresses.Count; i++)
        {
            if (!IsValid(addresses[i]))
                yield return new ValidationResult($"must be {Examples}", [$"{member}:{i}"]);
        }
    }

    private static bool IsValid(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out var uri)
        && (IsName(uri) ? NameOf(uri) is { Port: > 0, Host.Length: > 0 } : uri.Scheme is "http" or "https" && uri.Host.Length > 0);

    private static bool IsName(Uri uri) => uri.Scheme == "dns";

    private static (string Host, int Port) NameOf(Uri uri)
    {
        var name = uri.AbsolutePath.TrimStart('/');
        var colon = name.LastIndexOf(':');
        return colon > 0 && ushort.TryParse(name[(colon + 1)..], out var port) ? (name[..colon], port) : ("", 0);
    }
}
