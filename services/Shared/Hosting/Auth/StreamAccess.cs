using Google.Protobuf;
using Grpc.Core;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Http;
using Status = Google.Rpc.Status;

namespace Microservices.Hosting.Auth;

/// <summary>Holds each call and subscription of a stream to what its caller may call the method about. Thread-safe.</summary>
internal sealed class StreamAccess : IStreamAccess
{
    public Func<IMessage, Status?>? Of(ServerCallContext stream)
    {
        var rights = Rights.Of(stream);
        if (rights.Owner is null)
            return null;
        var access = stream.GetHttpContext().GetEndpoint()!.Metadata.GetRequiredMetadata<MethodAccess>();
        return part => access.Refusal(rights, part);
    }
}
