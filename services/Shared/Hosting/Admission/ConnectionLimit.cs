using System.Diagnostics.Metrics;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Admission;

/// <summary>
/// How many connections a port takes, shared fairly among callers' addresses (<see cref="FairQuota"/>): beyond it the address that has the most
/// loses its oldest one, or the new one is closed. A connection costs memory for each call that it has open, whatever is done about answers.
/// Thread-safe.
/// </summary>
internal sealed class ConnectionLimit
{
    private readonly FairQuota quota;

    private ConnectionLimit(string port, int most, IServiceProvider services)
    {
        quota = new($"connections of the port {port}", most, services.GetRequiredService<ILogger<ConnectionLimit>>());
        var tag = new KeyValuePair<string, object?>("port", port);
        services.GetRequiredService<IMeterFactory>().Create("Microservices.Hosting").CreateObservableCounter(
            "connections.refused", () => new Measurement<long>(quota.Refused + quota.CutOff, tag), "{connection}",
            "Connections closed because a port had as many as it may.");
    }

    /// <summary>Limits the connections of a port.</summary>
    public static void Use(ListenOptions listen, string port, Func<AdmissionOptions, int> most)
    {
        var services = listen.ApplicationServices;
        var limit = new ConnectionLimit(port, most(services.GetRequiredService<IOptions<AdmissionOptions>>().Value), services);
        listen.Use(next => connection => limit.ServeAsync(connection, next));
    }

    private async Task ServeAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        using var hold = quota.Begin(Caller.AddressOf((connection.RemoteEndPoint as IPEndPoint)?.Address), connection.ConnectionId, connection.Abort);
        if (hold.TryTake(1))
            await next(connection);
        else
            connection.Abort();
    }
}
