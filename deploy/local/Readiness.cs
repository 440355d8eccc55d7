using System.Globalization;

namespace Microservices.Local;

/// <summary>Whether a replica is ready, by its own word, and what it last said.</summary>
internal sealed class Readiness(Replica replica)
{
    private const int LongestAnswer = 200;
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan ProbeInterval = TimeSpan.FromMilliseconds(50);

    /// <summary>Who is asked.</summary>
    public Replica Replica => replica;

    /// <summary>Whether it has said that it is ready.</summary>
    public bool IsReady { get; private set; }

    /// <summary>What it last said, or why it said nothing.</summary>
    public string LastAnswer { get; private set; } = "not asked yet";

    /// <summary>A client to ask with: directly, whatever proxy the environment names.</summary>
    public static HttpClient Client() => new(new SocketsHttpHandler { UseProxy = false }) { Timeout = ProbeTimeout };

    /// <summary>Asks until it is ready.</summary>
    public async Task UntilReadyAsync(HttpClient http, CancellationToken cancellation)
    {
        var url = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{replica.ManagementPort}/health/ready"));
        while (!IsReady)
        {
            await AskAsync(http, url, cancellation);
            if (!IsReady)
                await Task.Delay(ProbeInterval, cancellation);
        }
    }

    private async Task AskAsync(HttpClient http, Uri url, CancellationToken cancellation)
    {
        try
        {
            using var response = await http.GetAsync(url, cancellation);
            var body = await response.Content.ReadAsStringAsync(cancellation);
            IsReady = response.IsSuccessStatusCode;
            LastAnswer = $"{url} answered {(int)response.StatusCode} {(body.Length > LongestAnswer ? body[..LongestAnswer] + "..." : body)}";
        }
        catch (HttpRequestException e)
        {
            LastAnswer = e.Message;
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            LastAnswer = $"{url} did not answer within {ProbeTimeout.TotalSeconds:0} s";
        }
    }
}
