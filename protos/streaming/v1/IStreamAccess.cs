using Google.Protobuf;
using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>
/// Says what the caller of a stream may ask for on it, when one is registered in the process: each call of a call stream, and each subscription of an
/// event stream, is refused alone. Thread-safe.
/// </summary>
public interface IStreamAccess
{
    /// <summary>
    /// What decides about each call, or each frame that subscribes: the status that it is refused with, or null where it is let through. It is asked
    /// under a lock: it answers at once and does not call back. Null where the caller may ask for everything.
    /// </summary>
    Func<IMessage, Google.Rpc.Status?>? Of(ServerCallContext stream);
}
