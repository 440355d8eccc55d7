using Google.Rpc;
using Grpc.Core;

namespace Microservices.Tests.Integration;

/// <summary>Reads what a failed call says.</summary>
internal static class Errors
{
    /// <summary>The status of a call that must fail, with its details.</summary>
    public static async Task<Google.Rpc.Status> FailsAsync(StatusCode code, Func<Task> call)
    {
        var exception = await Assert.ThrowsAsync<RpcException>(call);
        Assert.Equal(code, exception.StatusCode);
        return exception.GetRpcStatus() ?? throw new InvalidOperationException("no details");
    }

    public static Task<Google.Rpc.Status> FailsAsync<T>(StatusCode code, AsyncUnaryCall<T> call) => FailsAsync(code, () => call.ResponseAsync);

    public static string Reason(this Google.Rpc.Status status) => status.GetDetail<ErrorInfo>()!.Reason;

    /// <summary>The fields that an INVALID_ARGUMENT names.</summary>
    public static string[] Fields(this Google.Rpc.Status status) => [.. status.GetDetail<BadRequest>()!.FieldViolations.Select(v => v.Field)];
}
