using Microsoft.AspNetCore.Http;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Auth;

/// <summary>
/// Lets a request in: it needs a token that is valid here, whose owner may call the method of the endpoint. Who it is, is then the user of the request.
/// Nothing else is looked at before, no cache and no row. Thread-safe.
/// </summary>
public sealed class CallerCheck
{
    private const string Scheme = "Bearer ";
    private readonly TokenCheck tokens;
    private readonly RecentCallers recent;

    internal CallerCheck(TokenCheck tokens, TimeProvider time) => (this.tokens, recent) = (tokens, new(time));

    /// <summary>Why the request is refused; null when it is let in.</summary>
    public ValueTask<Status?> RefusalAsync(HttpContext http)
    {
        var endpoint = http.GetEndpoint();
        var accesses = endpoint?.Metadata.GetOrderedMetadata<MethodAccess>();
        if (accesses is null or [])
            return default;
        var header = http.Request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } value || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return new(header.Count == 0 ? AuthErrors.TokenMissing : AuthErrors.TokenInvalid);
        if (recent.Find(value) is { } known)
            return new(Refusal(http, accesses, known));
        var check = tokens.CheckAsync(value.AsSpan(Scheme.Length).Trim(' '), http.RequestAborted);
        if (!check.IsCompletedSuccessfully)
            return WaitAsync(http, accesses, check);
        var outcome = check.Result;
        if (outcome.Principal is { } caller)
            recent.Add(value, caller);
        return new(Refusal(http, accesses, outcome));
    }

    private static async ValueTask<Status?> WaitAsync(HttpContext http, IReadOnlyList<MethodAccess> accesses, ValueTask<TokenOutcome> check) =>
        Refusal(http, accesses, await check);

    private static Status? Refusal(HttpContext http, IReadOnlyList<MethodAccess> accesses, TokenOutcome outcome)
    {
        if (outcome.Principal is not { } caller)
            return outcome.Error;
        foreach (var access in accesses)
        {
            if (access.Refusal(caller) is { } refusal)
                return refusal;
        }

        http.User = caller;
        return null;
    }
}
