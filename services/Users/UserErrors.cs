using Microservices.Hosting.Errors;
using Status = Google.Rpc.Status;

namespace Microservices.Users;

/// <summary>The errors of this service.</summary>
internal static class UserErrors
{
    public const string Type = "users.v1.User";

    public static readonly ErrorDomain Domain = new("users.v1");

    public static Status NotFound(string userId) => Domain.NotFound(Type, userId);
}
