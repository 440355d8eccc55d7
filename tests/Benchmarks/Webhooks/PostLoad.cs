using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;

namespace Microservices.Tests.Benchmarks.Webhooks;

/// <summary>Post the same body again and again, each time with an id, a time and a signature of its own.</summary>
/// <param name="Url">Where to.</param>
/// <param name="Body">What.</param>
/// <param name="AtATime">How many at a time.</param>
/// <param name="Count">How many in all.</param>
internal sealed record PostLoadRequest(string Url, string Body, int AtATime, int Count);

/// <summary>Answers of 2xx by second.</summary>
internal sealed record PostLoadResult(double PerSecond);

/// <summary>The limit of what sending can cost: an <see cref="HttpClient"/> and a loop. Nothing is kept, and what fails is not sent again.</summary>
internal static class PostLoad
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    public static async Task RunAsync(LoadChannel channel, CancellationToken cancellationToken)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false });
        await channel.ServeAsync<PostLoadRequest, PostLoadResult>(
            async (request, cancel) =>
            {
                var body = Encoding.UTF8.GetBytes(request.Body);
                var started = Stopwatch.GetTimestamp();
                await Parallel.ForAsync(0, request.Count, new ParallelOptions { MaxDegreeOfParallelism = request.AtATime, CancellationToken = cancel }, async (_, over) => await PostAsync(client, request.Url, body, over));
                return new(request.Count / Stopwatch.GetElapsedTime(started).TotalSeconds);
            },
            cancellationToken);
    }

    private static async Task PostAsync(HttpClient client, string url, byte[] body, CancellationToken cancellationToken)
    {
        var (id, time) = ($"msg_{Guid.NewGuid():n}", DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        var signature = Convert.ToBase64String(HMACSHA256.HashData(Key, (byte[])[.. Encoding.ASCII.GetBytes($"{id}.{time}."), .. body]));
        using var request = new HttpRequestMessage(HttpMethod.Post, url)
        {
            Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/cloudevents+json") } },
            Headers = { { "webhook-id", id }, { "webhook-timestamp", time }, { "webhook-signature", $"v1,{signature}" } },
        };
        using var answer = await client.SendAsync(request, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }
}
