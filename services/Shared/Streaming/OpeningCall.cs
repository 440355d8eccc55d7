using Grpc.Core;

namespace Microservices.Streaming;

/// <summary>The call that opens a stream.</summary>
internal static class OpeningCall
{
    /// <summary>Its options: it shows an access token, if there is one.</summary>
    internal static CallOptions With(string? token) => new(token is null ? null : new Metadata { { "authorization", $"Bearer {token}" } });
}
