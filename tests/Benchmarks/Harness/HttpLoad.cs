using System.Net;
using System.Net.Http.Headers;

namespace Microservices.Tests.Benchmarks.Harness;

/// <summary>What to load: GET the paths of a file in turn, at a rate.</summary>
/// <param name="Address">The server's address.</param>
/// <param name="Paths">A file with a path a line; or several, separated by spaces, which are got one after the other as one call.</param>
/// <param name="PerSecond">Requests a second.</param>
/// <param name="Seconds">How long.</param>
/// <param name="Connections">The most connections; a request that finds none free waits, and that counts.</param>
internal sealed record HttpLoadRequest(string Address, string Paths, double PerSecond, double Seconds, int Connections);

/// <summary>GET requests over HTTP/1.1 in an open loop. 429 and 503 count as refused, 2xx as good.</summary>
internal static class HttpLoad
{
    public static async Task RunAsync(LoadChannel channel, CancellationToken cancellationToken)
    {
        HttpMessageInvoker? http = null;
        var connections = 0;
        await channel.ServeAsync<HttpLoadRequest, OpenLoopResult>(
            async (request, cancel) =>
            {
                if (connections != request.Connections)
                {
                    http?.Dispose();
                    http = new HttpMessageInvoker(new SocketsHttpHandler { MaxConnectionsPerServer = connections = request.Connections, UseCookies = false });
                }

                var address = new Uri(request.Address);
                Uri[][] calls = [.. (await File.ReadAllLinesAsync(request.Paths, cancel)).Select(line => line.Split(' ').Select(path => new Uri(address, path)).ToArray())];
                return await OpenLoop.RunAsync(request.PerSecond, TimeSpan.FromSeconds(request.Seconds), (i, over) => CallAsync(http!, calls[i % calls.Length], over), cancel);
            },
            cancellationToken);
        http?.Dispose();
    }

    private static async Task<Outcome> CallAsync(HttpMessageInvoker http, Uri[] uris, CancellationToken cancellationToken)
    {
        foreach (var uri in uris)
        {
            if (await GetAsync(http, uri, cancellationToken) is var outcome and not Outcome.Good)
                return outcome;
        }

        return Outcome.Good;
    }

    private static async Task<Outcome> GetAsync(HttpMessageInvoker http, Uri uri, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, uri);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", LoadToken.Value);
        using var response = await http.SendAsync(request, cancellationToken);
        await response.Content.CopyToAsync(Stream.Null, cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable => Outcome.Refused,
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => Outcome.Good,
            _ => Outcome.Failed,
        };
    }
}
