using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Users.V1;

namespace Microservices.Orders;

/// <summary>Asks Users which users exist. Thread-safe.</summary>
internal sealed class UserDirectory(UsersService.UsersServiceClient users)
{
    private const int MaxCallsInFrame = 1000;
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>Those of the ids that are users'.</summary>
    /// <exception cref="StatusException">Users could not tell.</exception>
    public async Task<HashSet<string>> ExistingAsync(IReadOnlyList<string> userIds, CancellationToken cancellationToken)
    {
        using var stream = users.LookupUsers(deadline: DateTime.UtcNow + Timeout, cancellationToken: cancellationToken);
        var existing = new HashSet<string>();
        foreach (var chunk in userIds.Chunk(MaxCallsInFrame))
        {
            var frame = new LookupUsersRequest();
            frame.Calls.AddRange(chunk.Select((userId, i) => new LookupUsersCall { CallId = (ulong)i, UserId = userId }));
            await stream.RequestStream.WriteAsync(frame, cancellationToken);

            for (var answered = 0; answered < chunk.Length;)
            {
                if (!await stream.ResponseStream.MoveNext(cancellationToken))
                    throw new RpcException(new Status(StatusCode.Unavailable, "the stream ended early"));
                foreach (var result in stream.ResponseStream.Current.Results)
                {
                    answered++;
                    if (result.User is { } user)
                        existing.Add(user.UserId);
                    else if ((StatusCode)result.Error.Code != StatusCode.NotFound)
                        throw new RpcException(new Status((StatusCode)result.Error.Code, result.Error.Message));
                }
            }
        }

        await stream.RequestStream.CompleteAsync();
        while (await stream.ResponseStream.MoveNext(cancellationToken))
        {
            // The server's goodbye.
        }

        return existing;
    }
}
