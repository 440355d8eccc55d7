using Microservices.Hosting.Errors;
using Microservices.Persistence;
using Microservices.Topics;
using Microservices.Users.V1;
using Microsoft.EntityFrameworkCore;

namespace Microservices.Users;

/// <summary>Changes the fields of a user that a mask names, if the user is still as the caller has read it.</summary>
internal sealed class UpdateUser(Database<UsersDbContext> database, KeyETags<UsersDbContext> etags, TimeProvider time)
{
    public async Task<UpdateUserResponse> HandleAsync(UpdateUserRequest request, CancellationToken cancellationToken)
    {
        Validate(request);
        var user = await database.WriteAsync(users => ChangeAsync(users, request, cancellationToken), cancellationToken);
        return new UpdateUserResponse { User = user.ToMessage(), Etag = await etags.AfterWriteAsync(user.UserId, cancellationToken) };
    }

    private async Task<User> ChangeAsync(UsersDbContext users, UpdateUserRequest request, CancellationToken cancellationToken)
    {
        var user = await users.Users.FirstOrDefaultAsync(u => u.UserId == request.User.UserId, cancellationToken)
            ?? throw new StatusException(UserErrors.NotFound(request.User.UserId));
        if (user.Version != request.User.Version)
            throw new StatusException(UserErrors.Domain.VersionMismatch(UserErrors.Type, user.Version, request.User.Version));

        if (request.UpdateMask.Paths.Contains("display_name"))
            user.DisplayName = request.User.DisplayName;
        if (request.UpdateMask.Paths.Contains("email"))
            user.SetEmail(request.User.Email);

        if (await users.Users.AnyAsync(u => u.EmailKey == user.EmailKey && u.UserId != user.UserId, cancellationToken))
            throw new StatusException(UserErrors.Domain.AlreadyExists(UserErrors.Type, "email", user.Email));

        user.Version++;
        user.UpdateTime = time.GetUtcNow().ToMicroseconds();
        users.Publish(UserEventKind.Updated, user.ToMessage(), user.UpdateTime);
        return user;
    }

    private static void Validate(UpdateUserRequest request)
    {
        var violations = new FieldViolations();
        var user = request.User ?? new V1.User();
        if (request.User is null)
            violations.Add("user", "is required");
        violations.CheckId("user.user_id", user.UserId);
        if (user.Version < 1)
            violations.Add("user.version", "must be the version that was read, 1 or more");

        var paths = request.UpdateMask?.Paths ?? [];
        if (paths.Count == 0)
            violations.Add("update_mask", "is required: display_name, email, or both");
        if (paths.Contains("display_name"))
            violations.CheckDisplayName("user.display_name", user.DisplayName);
        if (paths.Contains("email"))
            violations.CheckEmail("user.email", user.Email);
        // Once, however many there are.
        if (paths.Any(path => path is not ("display_name" or "email")))
            violations.Add("update_mask", "may name display_name and email only");

        violations.ThrowIfAny(UserErrors.Domain);
    }
}
