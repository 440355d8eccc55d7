using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Microservices.Hosting;

/// <summary>What stands before the server on each connection of the ports of HTTP/1.1, within TLS.</summary>
/// <param name="Use">Puts it there.</param>
public sealed record Http1Connections(Action<ListenOptions> Use);
