using Grpc.Core;
using Microservices.Tests.Support;
using Microservices.Users;

namespace Microservices.Tests.Integration.Auth;

/// <summary>Who may ask a process what there is to call.</summary>
public sealed class ReflectionTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("reflection-").FullName;

    [Theory]
    [InlineData("Development", StatusCode.OK, StatusCode.OK)]
    [InlineData("Production", StatusCode.Unauthenticated, StatusCode.PermissionDenied)]
    public async Task Outside_Development_operators_only(string environment, StatusCode forStrangers, StatusCode forUsers)
    {
        await using var users = new ServiceHost<UsersDbContext>(new Dictionary<string, string>
        {
            ["environment"] = environment,
            ["ConnectionStrings:Database"] = $"Data Source={Path.Combine(directory, "users")}.db",
        });
        using var wire = new GrpcWire(users.Grpc);

        foreach (var version in (string[])["v1", "v1alpha"])
        {
            Assert.Equal(forStrangers, await CodeAsync(wire, $"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo", "none"));
            Assert.Equal(forUsers, await CodeAsync(wire, $"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo", Tokens.Authority.Person("ada")));
            Assert.Equal(StatusCode.OK, await CodeAsync(wire, $"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo", Tokens.Authority.Operator()));
        }

        Assert.Equal(StatusCode.OK, await CodeAsync(wire, "/grpc.health.v1.Health/Check", "none"));
    }

    public void Dispose() => Directory.Delete(directory, recursive: true);

    // list_services of a ServerReflectionRequest; as a HealthCheckRequest an unknown field.
    private static async Task<StatusCode> CodeAsync(GrpcWire wire, string method, string token) =>
        (StatusCode)(await wire.CallAsync(method, GrpcWire.Frame([0x3A, 0x01, (byte)'*']), ("authorization", $"Bearer {token}"))).Code;
}
