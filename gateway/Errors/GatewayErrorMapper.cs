using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Streaming.V1;
using Status = Google.Rpc.Status;

namespace Microservices.Gateway.Errors;

/// <summary>Maps errors as every process does, except for those of the services behind the gateway: <see cref="GatewayErrors"/> says what is passed on. Thread-safe.</summary>
internal sealed class GatewayErrorMapper(ILogger<ErrorMapper> logger) : ErrorMapper(logger)
{
    protected override Status FromUpstream(RpcException exception) => GatewayErrors.ToStatus(exception);
}

internal static class GatewayErrorRegistration
{
    public static void AddErrors(this WebApplicationBuilder builder) => builder.Services.AddSingleton<IErrorMapper, GatewayErrorMapper>();
}
