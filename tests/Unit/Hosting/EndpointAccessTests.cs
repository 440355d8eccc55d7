using Google.Protobuf;
using Google.Protobuf.Reflection;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microservices.Hosting;
using Microservices.Hosting.Auth;
using Microservices.Users.V1;
using Microsoft.AspNetCore.Builder;

namespace Microservices.Tests.Unit.Hosting;

/// <summary>A process with an endpoint that does not say who may call it does not start.</summary>
public sealed class EndpointAccessTests : IAsyncDisposable
{
    private readonly WebApplication app = ServiceDefaults.CreateBuilder(
        ["--Kestrel:Endpoints:Grpc:Url=http://127.0.0.1:0", "--Kestrel:Endpoints:Management:Url=http://127.0.0.1:0"], UsersService.Descriptor).Build();

    [Fact]
    public void A_route_that_does_not_say_who_may_call_it_stops_the_process()
    {
        app.MapServiceDefaults();
        app.MapGet("/open", () => "").OpenToAll();
        app.MapGet("/user", () => "").StandsFor(UsersService.Descriptor, "GetUser");
        app.RequireAccess();

        app.MapGet("/silent", () => "");

        var refused = Assert.Throws<InvalidOperationException>(app.RequireAccess);
        Assert.Equal("These do not say who may call them (StandsFor, OpenToAll): HTTP: GET /silent", refused.Message);
    }

    [Fact]
    public async Task It_is_checked_before_the_process_starts()
    {
        app.MapGet("/silent", () => "");
        await Assert.ThrowsAsync<InvalidOperationException>(app.RunUntilStoppedAsync);
    }

    [Fact]
    public void A_method_that_does_not_state_who_may_call_it_stops_the_process()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => app.MapGrpcService<SilentService>());
        Assert.Equal("silent.v1.SilentService.Ask does not state who may call it: give it the option (auth.v1.access).", refused.Message);
    }

    [Fact]
    public void A_route_stands_for_a_method_that_there_is()
    {
        var refused = Assert.Throws<InvalidOperationException>(() => app.MapGet("/user", () => "").StandsFor(UsersService.Descriptor, "GetUsr"));
        Assert.Equal("users.v1.UsersService has no method GetUsr.", refused.Message);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    /// <summary>A service as protoc generates it, but for the option.</summary>
    [BindServiceMethod(typeof(Silent), nameof(Silent.Bind))]
    internal class SilentService
    {
        public virtual Task<Empty> Ask(Empty request, ServerCallContext context) => Task.FromResult(request);
    }

    internal static class Silent
    {
        private static readonly Marshaller<Empty> Messages = Marshallers.Create(message => message.ToByteArray(), Empty.Parser.ParseFrom);

        public static ServiceDescriptor Descriptor { get; } = Build();

        public static void Bind(ServiceBinderBase binder, SilentService? service) => binder.AddMethod(
            new Method<Empty, Empty>(MethodType.Unary, "silent.v1.SilentService", "Ask", Messages, Messages), service is null ? null : new UnaryServerMethod<Empty, Empty>(service.Ask));

        private static ServiceDescriptor Build()
        {
            var file = new FileDescriptorProto { Name = "silent/v1/silent.proto", Package = "silent.v1", Syntax = "proto3", Dependency = { EmptyReflection.Descriptor.Name } };
            file.Service.Add(new ServiceDescriptorProto
            {
                Name = "SilentService",
                Method = { new MethodDescriptorProto { Name = "Ask", InputType = ".google.protobuf.Empty", OutputType = ".google.protobuf.Empty" } },
            });
            return FileDescriptor.BuildFromByteStrings([EmptyReflection.Descriptor.SerializedData, file.ToByteString()])[^1].Services[0];
        }
    }
}
