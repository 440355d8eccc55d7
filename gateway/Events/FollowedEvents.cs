using Microservices.Hosting.Admission;

namespace Microservices.Gateway.Events;

/// <summary>Events that a client follows over HTTP. Immutable.</summary>
/// <param name="Key">Whose they are, as operators see it.</param>
/// <param name="Sources">Where they come from, in the order of their positions.</param>
/// <param name="Id">The id of an event, by the positions after it.</param>
/// <param name="Follow">Follows all sources from the given positions.</param>
internal sealed record FollowedEvents(
    string Key, IReadOnlyList<string> Sources, Func<ReaderPosition[], string> Id, Func<ReaderPosition[], Caller, CancellationToken, MergedSubscriptions<MergedEvent>> Follow);
