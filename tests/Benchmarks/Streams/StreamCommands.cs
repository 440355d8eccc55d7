using System.Text.Json.Serialization;

namespace Microservices.Tests.Benchmarks.Streams;

/// <summary>By what events go and come.</summary>
internal enum Transport
{
    /// <summary>The event log, and WatchOrders read by a plain gRPC call that subscribes to several users.</summary>
    EventStream,

    /// <summary>The same, read by the suite's client, which finds another replica by itself.</summary>
    EventStreamClient,

    /// <summary>A SignalR hub.</summary>
    SignalR,

    /// <summary>A plain Redis channel and a gRPC stream.</summary>
    BareStream,
}

/// <summary>What <see cref="StreamLoad"/> is asked. Times are UTC ticks.</summary>
internal sealed record StreamRequest(StreamCommand Command);

/// <summary>What there is to do.</summary>
[JsonDerivedType(typeof(Subscribe), "subscribe")]
[JsonDerivedType(typeof(Mark), "mark")]
[JsonDerivedType(typeof(Read), "read")]
[JsonDerivedType(typeof(ReadRecovery), "recovery")]
[JsonDerivedType(typeof(Publish), "publish")]
internal abstract record StreamCommand;

/// <summary>Opens streams (connections), which follow topics in turn; answered by <see cref="Done"/> when all of it stands.</summary>
/// <param name="Transport">By what.</param>
/// <param name="Addresses">The replicas; the streams go to them in turn.</param>
/// <param name="Streams">How many.</param>
/// <param name="TopicsOfEach">How many each follows.</param>
/// <param name="Topics">How many there are.</param>
internal sealed record Subscribe(Transport Transport, string[] Addresses, int Streams, int TopicsOfEach, int Topics) : StreamCommand;

/// <summary>Forgets what came so far; answered by <see cref="Done"/>.</summary>
internal sealed record Mark : StreamCommand;

/// <summary>What has come since the mark; answered by <see cref="Window"/>.</summary>
internal sealed record Read : StreamCommand;

/// <summary>How the subscribers got over a fault; answered by <see cref="Recovery"/>.</summary>
/// <param name="Fault">When it was.</param>
/// <param name="Seconds">For how long after it events count.</param>
internal sealed record ReadRecovery(long Fault, double Seconds) : StreamCommand;

/// <summary>Publishes to all topics in turn at a fixed rate, whatever becomes of it; answered by <see cref="Published"/>.</summary>
/// <param name="Transport">By what.</param>
/// <param name="Redis">Where it goes.</param>
/// <param name="Topics">How many there are.</param>
/// <param name="Rate">Events a second.</param>
/// <param name="Seconds">How long.</param>
internal sealed record Publish(Transport Transport, string Redis, int Topics, double Rate, double Seconds) : StreamCommand;

/// <summary>It is done.</summary>
internal sealed record Done;

/// <summary>What was published.</summary>
/// <param name="Count">How many events.</param>
/// <param name="Start">When the first was due.</param>
/// <param name="End">When the last was on its way.</param>
internal sealed record Published(long Count, long Start, long End);

/// <summary>What came, in milliseconds from when an event was due to be published to when it was read.</summary>
/// <param name="Deliveries">How many events.</param>
/// <param name="Repeated">How many of them a subscriber had seen already, or came after a later one.</param>
/// <param name="Last">When the last came; 0 when none did.</param>
/// <param name="P50">Half of them took at most so long.</param>
/// <param name="P99">99 % of them.</param>
/// <param name="Max">All of them.</param>
internal sealed record Window(long Deliveries, long Repeated, long Last, double P50, double P99, double Max);

/// <summary>How long after a fault subscribers had all that had happened, or would never have it; in milliseconds.</summary>
/// <param name="P50">Half of the subscribers.</param>
/// <param name="P99">99 % of them.</param>
/// <param name="Max">All of them.</param>
internal sealed record Recovery(double P50, double P99, double Max);
