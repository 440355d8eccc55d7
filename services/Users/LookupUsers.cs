using Grpc.Core;
using Microservices.Hosting.Errors;
using Microservices.Streaming.Calls;
using Microservices.Users.V1;

namespace Microservices.Users;

/// <summary>Answers the lookups that arrived together with one query.</summary>
internal sealed class LookupUsers(ReadUsers read) : ICallBatchHandler<LookupUsersCall, LookupUsersResult>
{
    public async ValueTask HandleAsync(CallBatch<LookupUsersCall, LookupUsersResult> batch, CancellationToken cancellationToken)
    {
        try
        {
            var found = await read.FindAsync([.. batch.Select(call => call.Message.UserId).Distinct()], cancellationToken);
            batch.AnswerEach(call => found.TryGetValue(call.UserId, out var user)
                ? new LookupUsersResult { User = user }
                : new LookupUsersResult { Error = Missing(call.UserId) });
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw ErrorMapping.ToStatus(exception).ToRpcException();
        }
    }

    private static Google.Rpc.Status Missing(string userId)
    {
        var violations = new FieldViolations();
        violations.CheckId("user_id", userId);
        return violations.Any ? UserErrors.Domain.Invalid(violations) : UserErrors.NotFound(userId);
    }
}
