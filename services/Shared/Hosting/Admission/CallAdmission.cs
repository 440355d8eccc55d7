using Google.Protobuf;
using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Primitives;
using Microservices.Streaming.V1;
using Microsoft.Extensions.Options;

namespace Microservices.Hosting.Admission;

/// <summary>
/// Lets unary calls in: so many at a time, lists apart from all others, since one of them costs as much as hundreds of those. Calls beyond that
/// wait; callers take turns, and the connections of each. Health and reflection always get in. Thread-safe.
/// </summary>
internal sealed class CallAdmission(IOptions<AdmissionOptions> options, TimeProvider time)
{
    private readonly FairGate calls = new(options.Value.MaxCalls, options.Value.MaxWaiting, time);
    private readonly FairGate lists = new(options.Value.MaxLists, options.Value.MaxWaiting, time);

    /// <summary>Returns what is to be left when the call has been handled; null when nothing is.</summary>
    /// <exception cref="StatusException">RESOURCE_EXHAUSTED with RetryInfo: too many calls wait, or it has waited for too long.</exception>
    public ValueTask<FairGate?> EnterAsync<TRequest>(ServerCallContext call)
    {
        if (Kind<TRequest>.IsExempt)
            return default;
        var gate = Kind<TRequest>.IsList ? lists : calls;
        return gate.TryEnter(1) ? new(gate) : WaitAsync(gate, call);
    }

    private async ValueTask<FairGate?> WaitAsync(FairGate gate, ServerCallContext call)
    {
        var caller = Caller.Of(call.GetHttpContext());
        if (await gate.EnterAsync(caller.Address, caller.Connection, 1, options.Value.MaxWait, call.CancellationToken))
            return gate;
        throw new StatusException(Overload.Status);
    }

    private static class Kind<TRequest>
    {
        public static readonly bool IsExempt = typeof(TRequest).Namespace?.StartsWith("Grpc.", StringComparison.Ordinal) == true;
        // As the contract says: a request is of one method.
        public static readonly bool IsList = Activator.CreateInstance<TRequest>() is IMessage { Descriptor: var request }
            && request.File.Services.SelectMany(service => service.Methods).Any(method =>
                method.InputType == request && method.GetOptions()?.GetExtension(MethodOptionsExtensions.ReadsMany) == true);
    }
}
