using Grpc.AspNetCore.Server.Model;
using Microservices.Hosting.Admission;
using Microservices.Hosting.Auth;
using Microservices.Hosting.Errors;
using Microservices.Hosting.Faults;
using Microservices.Hosting.Operations;
using Microservices.Hosting.Telemetry;
using Microservices.Hosting.Tls;
using Microservices.Primitives;
using Microservices.Streaming.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using GrpcService = Google.Protobuf.Reflection.ServiceDescriptor;

namespace Microservices.Hosting;

/// <summary>What all processes of the suite have in common: two ports, health, reflection, telemetry, errors, faults, drain, and what operators see.</summary>
public static class ServiceDefaults
{
    /// <summary>The largest gRPC message a process takes or sends, in bytes: 1 MiB. A larger one is RESOURCE_EXHAUSTED.</summary>
    public const int MaxMessageBytes = MessageSizes.MaxRequest;

    /// <summary>
    /// A builder with the defaults. <paramref name="service"/> is the gRPC service of this process: its full name is what health is
    /// asked about, its package, without the version, the name under which telemetry reports. <paramref name="facesStrangers"/>: the process is called
    /// by others than the suite's own services, so that what callers say of themselves is not trusted.
    /// </summary>
    /// <remarks>A process that cannot start because of its settings ends with one line that names the key or the file, and exit code 1.</remarks>
    /// <exception cref="InvalidSettingException">The configuration is not valid; the message names the key.</exception>
    public static WebApplicationBuilder CreateBuilder(string[] args, GrpcService service, bool facesStrangers = false)
    {
        StartupFailure.Begin();
        var builder = WebApplication.CreateBuilder(args);
        StartupFailure.Read(builder.Configuration);
        builder.Configuration.AddDefaultSettings(service, facesStrangers);
        builder.AddTls();
        builder.AddEndpoints(asksWorkloads: !facesStrangers);
        builder.AddDrain();
        builder.AddHealth(service.FullName);
        builder.AddTelemetry(DefaultSettings.NameOf(service));

        builder.Services.AddValidatedOptions<AdmissionOptions, AdmissionOptionsValidator>("Admission");
        builder.Services.AddSingleton<AnswerBudget>();
        builder.Services.AddSingleton<UnaryAnswers>();
        builder.Services.AddSingleton<CallAdmission>();
        builder.Services.AddSingleton<UserStreams>();
        builder.Services.AddSingleton<IErrorMapper, ErrorMapper>();
        builder.AddAuth(DefaultSettings.NameOf(service));
        builder.Services.AddSingleton<CallPipeline>();
        builder.Services.AddGrpc(options =>
        {
            options.MaxReceiveMessageSize = MaxMessageBytes;
            options.MaxSendMessageSize = 4 * MaxMessageBytes;
            options.CompressionProviders = [new CheckedGzip()];
        });
        builder.Services.Replace(new ServiceDescriptor(typeof(IServiceMethodProvider<>), typeof(CheckedMethodProvider<>), ServiceLifetime.Singleton));
        builder.AddOperations(DefaultSettings.NameOf(service));
        builder.AddFaults();
        builder.Services.AddGrpcReflection();
        builder.Services.TryAddSingleton(TimeProvider.System);
        return builder;
    }

    /// <summary>Maps what <see cref="CreateBuilder"/> registered: the management port, gRPC health, gRPC reflection, and the services for operators.</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.UseManagementPort();
        app.UseMiddleware<TurnsMiddleware>();
        app.UseMiddleware<DrainMiddleware>();
        app.UseMiddleware<StreamMiddleware>();
        app.UseMiddleware<CallersMiddleware>();
        app.UseMiddleware<FramingMiddleware>();
        app.MapGrpcService<HealthService>();
        app.MapGrpcReflectionService();
        app.MapSharedGrpcServices();
        return app;
    }

    /// <summary>
    /// Starts the process and returns when it has stopped. Every endpoint must say who may call it. A process that is told to stop while it still starts, for instance while it waits for
    /// its database, has not failed.
    /// </summary>
    public static async Task RunUntilStoppedAsync(this WebApplication app)
    {
        app.RequireAccess();
        app.RefuseUnsafeSettings();
        // Taken now, since RunAsync disposes of the app.
        var stopping = app.Lifetime.ApplicationStopping;
        try
        {
            await app.RunAsync();
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The host has logged it.
        }
    }
}
