using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Microservices.Local;

/// <summary>
/// Whether a replica is ready, by its own word. Aspire asks at intervals of seconds; a replica that is about to be ready is waited for, so that
/// the news does not come that much later.
/// </summary>
internal sealed class Readiness(Replica replica) : IHealthCheck
{
    private const int LongestAnswer = 200;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    // Directly, whatever proxy the environment names.
    private static readonly HttpClient Http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };

    private readonly Uri url = Url(replica);

    /// <summary>Where a replica says whether it is ready.</summary>
    public static Uri Url(Replica replica) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{replica.ManagementPort}/health/ready"));

    /// <inheritdoc/>
    public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var answer = await AskAsync(cancellationToken);
            if (answer.Status == HealthStatus.Healthy || Stopwatch.GetElapsedTime(start) > Patience)
                return answer;
            await Task.Delay(Interval, cancellationToken);
        }
    }

    private async Task<HealthCheckResult> AskAsync(CancellationToken cancellation)
    {
        try
        {
            using var response = await Http.GetAsync(url, cancellation);
            if (response.IsSuccessStatusCode)
                return HealthCheckResult.Healthy();
            var body = await response.Content.ReadAsStringAsync(cancellation);
            return HealthCheckResult.Unhealthy($"{url} answered {(int)response.StatusCode} {(body.Length > LongestAnswer ? body[..LongestAnswer] + "..." : body)}");
        }
        catch (HttpRequestException exception)
        {
            return HealthCheckResult.Unhealthy(exception.Message);
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy($"{url} did not answer within {Http.Timeout.TotalSeconds:0} s");
        }
    }
}
