using Microservices.Hosting.Tls;
using Microsoft.AspNetCore.Http;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Auth;

/// <summary>
/// Lets a request in: it needs a token that is valid here and not revoked, whose owner may call the method of the endpoint. Who it is, is then the user of the request.
/// Nothing else is looked at before, no cache and no row. Where there are limits (<see cref="IRequestLimits"/>), an address that has sent too many bad tokens is not heard with one that is not
/// known, and who is let in has made a request. Thread-safe.
/// </summary>
public sealed class CallerCheck
{
    private const string Scheme = "Bearer ";
    private readonly TokenCheck tokens;
    private readonly Revocations revocations;
    private readonly RecentCallers recent;
    private readonly IRequestLimits? limits;

    internal CallerCheck(TokenCheck tokens, Revocations revocations, TimeProvider time, IRequestLimits? limits = null) =>
        (this.tokens, this.revocations, recent, this.limits) = (tokens, revocations, new(time), limits);

    /// <summary>Why the request is refused; null when it is let in.</summary>
    public ValueTask<Status?> RefusalAsync(HttpContext http)
    {
        var endpoint = http.GetEndpoint();
        var accesses = endpoint?.Metadata.GetOrderedMetadata<MethodAccess>();
        if (accesses is null or [])
            return default;
        var header = http.Request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } value || !value.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
            return StrangerAsync(http, header.Count == 0 ? AuthErrors.TokenMissing : AuthErrors.TokenInvalid);
        if (recent.Find(value) is { } known)
            return LetInAsync(http, accesses, known);
        var token = value.AsSpan(Scheme.Length).Trim(' ');
        if (limits is not null && !tokens.IsKnown(token) && limits.RefusalUnheard(http) is { } unheard)
            return new(unheard);
        var check = tokens.CheckAsync(token, http.RequestAborted);
        if (!check.IsCompletedSuccessfully)
            return WaitAsync(http, accesses, check);
        var outcome = check.Result;
        if (outcome.Principal is { } caller)
            recent.Add(value, caller);
        return LetInAsync(http, accesses, outcome);
    }

    private async ValueTask<Status?> WaitAsync(HttpContext http, IReadOnlyList<MethodAccess> accesses, ValueTask<TokenOutcome> check) =>
        await LetInAsync(http, accesses, await check);

    private ValueTask<Status?> LetInAsync(HttpContext http, IReadOnlyList<MethodAccess> accesses, TokenOutcome outcome)
    {
        if (outcome.Principal is not { } caller)
            return StrangerAsync(http, outcome.Error!);
        if (revocations.Include(caller))
            return new(AuthErrors.TokenRevoked);
        // A service's token is of no use to another one that got hold of it.
        if (caller.IsWorkload && http.Features.Get<PeerWorkload>() is { } peer && peer.Name != caller.Subject)
            return new(AuthErrors.CertificateMismatch);
        foreach (var access in accesses)
        {
            if (access.Refusal(caller) is { } refusal)
                return new(refusal);
        }

        http.User = caller;
        return limits is null ? default : limits.RefusalAsync(http, caller);
    }

    private async ValueTask<Status?> StrangerAsync(HttpContext http, Status refusal) =>
        // That there are no keys is not the caller's doing.
        limits is not null && refusal != AuthErrors.KeysUnavailable && await limits.RefusalOfStrangerAsync(http) is { } limited ? limited : refusal;
}
