using Google.Rpc;
using Grpc.Core;
using Grpc.Net.Client;
using Microservices.Streaming.V1;
using Microservices.Tests.Support;
using Microservices.Users.V1;

namespace Microservices.Tests.Integration.Auth;

/// <summary>A call stream to Users, frame by frame: who it is opened by, who is bound, and what each call is answered.</summary>
internal sealed class BoundStream : IDisposable
{
    private readonly GrpcChannel channel;
    private readonly AsyncDuplexStreamingCall<LookupUsersRequest, LookupUsersResponse> stream;
    private ulong lastId;

    /// <summary>Opens it in the name of the token's owner.</summary>
    public BoundStream(string address, string token)
    {
        channel = Tokens.Channel(address, token);
        stream = new UsersService.UsersServiceClient(channel).LookupUsers();
    }

    /// <summary>Sends a frame, and returns how each of its calls is answered, in their order: the user's id, or the reason or the code of the error.</summary>
    public async Task<string[]> AskAsync((uint Number, string Token)[] bind, params (uint Principal, string UserId)[] calls)
    {
        var first = lastId + 1;
        await stream.RequestStream.WriteAsync(new LookupUsersRequest
        {
            Bind = { bind.Select(bound => new CallPrincipal { PrincipalId = bound.Number, Token = bound.Token }) },
            Calls = { calls.Select(call => new LookupUsersCall { CallId = ++lastId, PrincipalId = call.Principal, UserId = call.UserId }) },
        });
        var answers = new string?[calls.Length];
        while (answers.Contains(null))
        {
            foreach (var result in (await stream.NextAsync()).Results)
                answers[result.CallId - first] = result.User?.UserId ?? result.Error.GetDetail<ErrorInfo>()?.Reason ?? $"{(StatusCode)result.Error.Code}";
        }

        return answers!;
    }

    public void Dispose()
    {
        stream.Dispose();
        channel.Dispose();
    }
}
