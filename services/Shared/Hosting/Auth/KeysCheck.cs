using Microservices.Primitives;

namespace Microservices.Hosting.Auth;

/// <summary>Whether the process knows the keys that tokens are checked with; without any it can serve nobody. Where it does not, it looks for them.</summary>
internal sealed class KeysCheck(KeySet keys) : StartCheck(TimeProvider.System)
{
    protected override async ValueTask<string?> AwayAsync(CancellationToken cancellationToken) =>
        await keys.AreKnownAsync(cancellationToken) ? null : "the keys that tokens are checked with cannot be read";
}
