using System.Collections.Frozen;
using System.Security.Claims;

namespace Microservices.Hosting.Auth;

/// <summary>Who a caller is, as a checked token has it: the user of its request. Immutable.</summary>
public sealed class Principal : ClaimsPrincipal
{
    /// <summary>Who it is: of a person the user id, of a service of the suite its name.</summary>
    public required string Subject { get; init; }

    /// <summary>
    /// Whether it is a service of the suite, and not a person. The authority gives the role for it only to clients of its own, for tokens in their own
    /// name: a user who is called like a service is none.
    /// </summary>
    public required bool IsWorkload { get; init; }

    /// <summary>What tells it from all others, be they people or services.</summary>
    public string Id => field ??= IsWorkload ? $"service:{Subject}" : Subject;

    /// <summary>The roles of a person.</summary>
    public required FrozenSet<string> Roles { get; init; }

    /// <summary>What the token is for.</summary>
    public required FrozenSet<string> Scopes { get; init; }

    /// <summary>When the token was issued, to the second before; long ago where it does not say.</summary>
    public DateTimeOffset IssuedAt { get; init; }

    /// <summary>Who acts for the subject; null where nobody does.</summary>
    public string? Actor { get; init; }

    /// <summary>When the token expires, with what clocks may differ by.</summary>
    public required DateTimeOffset Expires { get; init; }

    /// <summary>The login that the token comes from, so that a logout ends it; null where there was none.</summary>
    public string? SessionId { get; init; }
}
