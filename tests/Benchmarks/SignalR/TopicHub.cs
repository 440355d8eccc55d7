using Microsoft.AspNetCore.SignalR;

namespace Microservices.Tests.Benchmarks;

/// <summary>A topic is a group; who publishes sends to the group, from any process of the backplane. The publisher compiles this file, too: the hub's name is part of the channels' names.</summary>
public sealed class TopicHub : Hub
{
    /// <summary>The method that clients are called by, with the event's bytes.</summary>
    public const string Event = "event";

    /// <summary>Follows topics from now on.</summary>
    public async Task Subscribe(string[] topics)
    {
        ArgumentNullException.ThrowIfNull(topics);
        foreach (var topic in topics)
            await Groups.AddToGroupAsync(Context.ConnectionId, topic);
    }
}
