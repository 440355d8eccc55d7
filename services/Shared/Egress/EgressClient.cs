using System.Buffers;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Threading.RateLimiting;

namespace Microservices.Egress;

/// <inheritdoc cref="IEgress"/>
internal sealed class EgressClient : IEgress, IDisposable
{
    private readonly EgressOptions options;
    private readonly AddressPolicy policy;
    private readonly EgressTelemetry telemetry;
    private readonly TimeProvider time;
    private readonly HttpMessageInvoker http;
    private readonly PartitionedRateLimiter<Uri> turns;

    /// <summary>A client; <paramref name="tls"/> says which authorities are believed, where it is not those of the system.</summary>
    public EgressClient(EgressOptions options, IHostResolver resolver, IMeterFactory meters, TimeProvider time, SslClientAuthenticationOptions? tls = null)
    {
        (this.options, this.time) = (options, time);
        policy = new AddressPolicy(options);
        telemetry = new EgressTelemetry(meters);
        var connector = new PinnedConnector(policy, resolver, options.ConnectTimeout);
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.GZip | DecompressionMethods.Deflate,
            ConnectCallback = (context, cancellationToken) => connector.ConnectAsync(context.DnsEndPoint, cancellationToken),
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionLifetime = options.ConnectionLifetime,
            PooledConnectionIdleTimeout = options.IdleTimeout,
            MaxConnectionsPerServer = options.MaxConcurrentPerHost,
            MaxResponseHeadersLength = options.MaxHeaderBytes >> 10,
            // What is not wanted of a body is not read either.
            MaxResponseDrainSize = 0,
            SslOptions = tls ?? new SslClientAuthenticationOptions(),
            // Else each stranger were told the trace, and spans and metrics had the whole address.
            ActivityHeadersPropagator = null,
            MeterFactory = new Unpublished(),
        });
        // The host's turn comes first: those that wait for a slow host do not stand in the way of others.
        turns = PartitionedRateLimiter.CreateChained(
            PartitionedRateLimiter.Create<Uri, string>(address => RateLimitPartition.GetConcurrencyLimiter(address.IdnHost.TrimEnd('.'), _ => Line(options.MaxConcurrentPerHost, options.MaxQueuedPerHost))),
            PartitionedRateLimiter.Create<Uri, bool>(_ => RateLimitPartition.GetConcurrencyLimiter(true, _ => Line(options.MaxConcurrent, options.MaxQueued))));
    }

    /// <inheritdoc/>
    public AddressRefusal? CheckAddress(Uri address) => policy.Check(address);

    /// <inheritdoc/>
    public async Task<EgressAnswer> SendAsync(EgressRequest request, CancellationToken cancellationToken)
    {
        var answer = await SendOnceAsync(request, cancellationToken);
        for (var left = request.MaxRedirects; left > 0 && Redirected(request, answer) is { } next; left--)
            answer = await SendOnceAsync(request = next, cancellationToken);
        return answer;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        http.Dispose();
        turns.Dispose();
    }

    private static ConcurrencyLimiterOptions Line(int permits, int queued) =>
        new() { PermitLimit = permits, QueueLimit = queued, QueueProcessingOrder = QueueProcessingOrder.OldestFirst };

    private static EgressRequest? Redirected(EgressRequest request, EgressAnswer answer)
    {
        if (answer is not { Outcome: EgressOutcome.Answered, Status: 301 or 302 or 303 or 307 or 308, Location: { } to } || (request.Method != HttpMethod.Get && request.Method != HttpMethod.Head))
            return null;
        var isSameOrigin = Uri.Compare(request.Address, to, UriComponents.SchemeAndServer, UriFormat.UriEscaped, StringComparison.OrdinalIgnoreCase) == 0;
        // A fragment is for a browser.
        return request with { Address = to.Fragment.Length > 0 ? new Uri(to.GetLeftPart(UriPartial.Query)) : to, Headers = isSameOrigin ? request.Headers : [] };
    }

    private async Task<EgressAnswer> SendOnceAsync(EgressRequest request, CancellationToken cancellationToken)
    {
        using var message = request.ToMessage();
        using var span = EgressTelemetry.Start(request);
        var answer = await InTurnAsync(message, request, cancellationToken);
        telemetry.Ended(span, answer);
        return answer;
    }

    private async Task<EgressAnswer> InTurnAsync(HttpRequestMessage message, EgressRequest request, CancellationToken cancellationToken)
    {
        var answer = new EgressAnswer { Outcome = EgressOutcome.Busy, Address = request.Address };
        if (policy.Check(request.Address) is { } refusal)
            return answer with { Outcome = EgressOutcome.Refused, Refusal = refusal };
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.QueueTimeout);
        try
        {
            using var turn = await turns.AcquireAsync(request.Address, 1, patience.Token);
            return turn.IsAcquired ? await ExchangeAsync(message, request, answer, cancellationToken) : answer;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            return cancellationToken.IsCancellationRequested ? answer with { Outcome = EgressOutcome.Cancelled } : answer;
        }
    }

    private async Task<EgressAnswer> ExchangeAsync(HttpRequestMessage message, EgressRequest request, EgressAnswer answer, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(options.HeadersTimeout);
        try
        {
            using var response = await http.SendAsync(message, deadline.Token);
            var left = options.Timeout - time.GetElapsedTime(started);
            deadline.CancelAfter(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            answer = WithHeaders(answer, response);
            var (body, isCut) = await ReadAsync(response.Content, deadline.Token);
            answer = isCut && request.NeedsWholeBody
                ? answer with { Outcome = EgressOutcome.TooLarge }
                : answer with { Outcome = EgressOutcome.Answered, Body = body, IsBodyCut = isCut };
        }
        catch (Exception failure) when (failure is OperationCanceledException or HttpRequestException or IOException or InvalidDataException)
        {
            var outcome = cancellationToken.IsCancellationRequested ? EgressOutcome.Cancelled : deadline.IsCancellationRequested ? EgressOutcome.TimedOut : OutcomeOf(failure);
            answer = answer with { Outcome = outcome, Refusal = outcome == EgressOutcome.Refused ? AddressRefusal.Network : null };
        }

        return answer with { Elapsed = time.GetElapsedTime(started) };
    }

    private static EgressOutcome OutcomeOf(Exception failure) => failure switch
    {
        HttpRequestException { InnerException: AddressRefusedException } => EgressOutcome.Refused,
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => EgressOutcome.NameNotFound,
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => EgressOutcome.TlsFailed,
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => EgressOutcome.TooLarge,
        // Cancelled by nobody but the time to connect.
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError } or OperationCanceledException => EgressOutcome.ConnectFailed,
        _ => EgressOutcome.ProtocolError,
    };

    private EgressAnswer WithHeaders(EgressAnswer answer, HttpResponseMessage response) => answer with
    {
        Status = (int)response.StatusCode,
        ContentType = response.Content.Headers.NonValidated.TryGetValues("Content-Type", out var type) ? type.ToString() : null,
        ETag = response.Headers.NonValidated.TryGetValues("ETag", out var tag) ? tag.ToString() : null,
        Location = response.Headers.Location is { } to && Uri.TryCreate(answer.Address, to, out var absolute) ? absolute : null,
        RetryAfter = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => Bounded(delta),
            { Date: { } date } => Bounded(date - time.GetUtcNow()),
            _ => null,
        },
    };

    private TimeSpan Bounded(TimeSpan wait) => wait < TimeSpan.Zero ? TimeSpan.Zero : wait > options.MaxRetryAfter ? options.MaxRetryAfter : wait;

    // One byte more than is kept shows that there is more. A body is decompressed only as far as it is read.
    private async Task<(ReadOnlyMemory<byte> Body, bool IsCut)> ReadAsync(HttpContent content, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(options.MaxBodyBytes + 1);
        try
        {
            await using var stream = await content.ReadAsStreamAsync(cancellationToken);
            var read = await stream.ReadAtLeastAsync(buffer.AsMemory(0, options.MaxBodyBytes + 1), options.MaxBodyBytes + 1, throwOnEndOfStream: false, cancellationToken);
            return (buffer.AsSpan(0, Math.Min(read, options.MaxBodyBytes)).ToArray(), read > options.MaxBodyBytes);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>A meter that nobody listens to, for .NET's own metrics of HTTP: they have the host in their labels.</summary>
    private sealed class Unpublished : IMeterFactory
    {
        public Meter Create(MeterOptions options) => new(nameof(Unpublished));

        public void Dispose()
        {
        }
    }
}
