using Grpc.Core;

namespace Microservices.Streaming.V1;

/// <summary>
/// Says what the caller is told when a method, a handler of a call stream or a source of an event stream throws, and logs what the caller is not told.
/// One for a process. Thread-safe.
/// </summary>
public interface IErrorMapper
{
    /// <summary>The status for an exception; never OK, and never with the text of an exception that was not meant for the caller.</summary>
    /// <param name="exception">The exception.</param>
    /// <param name="method">The method that has thrown it (<c>/users.v1.UsersService/LookupUsers</c>).</param>
    /// <param name="call">The call that fails with it, which tells a caller that hung up from a deadline that passed; null when it is one of many in a stream.</param>
    Google.Rpc.Status ToStatus(Exception exception, string method, ServerCallContext? call = null);
}
