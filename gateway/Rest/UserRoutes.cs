using Google.Protobuf.WellKnownTypes;
using Microservices.Gateway.OpenApi;
using Microservices.Hosting.Auth;
using Microservices.Users.V1;
using ProtoUser = Microservices.Users.V1.User;

namespace Microservices.Gateway.Rest;

/// <summary>Users over REST.</summary>
internal static class UserRoutes
{
    public static void MapUsers(this WebApplication app)
    {
        app.MapPost("/v1/users", CreateAsync)
            .StandsFor(UsersService.Descriptor, "CreateUser")
            .Describe("createUser", "Users", "Create a user", "The same idempotency key with the same body gives the same answer again and creates nothing; with another body it is a conflict.")
            .Header(RequestValues.IdempotencyKey, "Identifies the command, so that a repeat is harmless: at most 128 visible ASCII characters, remembered for 24 h.", "signup-42")
            .Body<CreateUser>(Examples.CreateUser)
            .Answers<User>(201, "The user as created. The header Idempotency-Replayed says that it was created by an earlier request.", Examples.User)
            .AnswersHeader(201, "Location", JsonSchemas.Text, "Where the user is.", "/v1/users/ada")
            .AnswersWrite(201).AnswersReplay(201)
            .Fails(400, 409, 413, 415);
        app.MapGet("/v1/users", ListAsync)
            .StandsFor(UsersService.Descriptor, "ListUsers")
            .Describe("listUsers", "Users", "List users", "By ascending id, page by page.")
            .Page()
            .Answers<UserPage>(200, "A page of users.", Examples.UserPage)
            .Fails(400);
        app.MapGet("/v1/users/{userId}", GetAsync)
            .StandsFor(UsersService.Descriptor, "GetUser")
            .Describe("getUser", "Users", "Get a user", "The user as last changed.")
            .UserId()
            .Answers<User>(200, "The user.", Examples.User)
            .Fails(400, 404);
        app.MapPatch("/v1/users/{userId}", UpdateAsync)
            .StandsFor(UsersService.Descriptor, "UpdateUser")
            .Describe("updateUser", "Users", "Change a user", "Changes the fields that the body has. The version in the body says what the change is based on: if the user has changed since, it is a conflict.")
            .UserId()
            .Body<UpdateUser>(Examples.UpdateUser)
            .Answers<User>(200, "The user as changed.", Examples.User)
            .AnswersWrite(200)
            .Fails(400, 404, 409, 413, 415);
    }

    private static async Task<IResult> CreateAsync(HttpContext http, UsersService.UsersServiceClient users)
    {
        var options = http.CallOptions();
        var key = http.ReadIdempotencyKey();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.CreateUser);
        var errors = new RequestErrors();
        var request = new CreateUserRequest
        {
            UserId = body.UserId ?? "",
            DisplayName = errors.Required("displayName", body.DisplayName, ""),
            Email = errors.Required("email", body.Email, ""),
            IdempotencyKey = key,
        };
        errors.ThrowIfAny();

        var response = await users.CreateUserAsync(request, options);
        Answers.WroteUser(http, response.User.UserId, response.Etag);
        http.Response.Headers.Location = $"/v1/users/{Uri.EscapeDataString(response.User.UserId)}";
        return Answers.Command(http, response.User.ToJson(), GatewayJson.Default.User, response.Replayed, StatusCodes.Status201Created);
    }

    private static async Task<IResult> ListAsync(HttpContext http, UsersService.UsersServiceClient users)
    {
        var request = new ListUsersRequest { PageSize = http.QueryNumber("pageSize"), PageToken = http.QueryText("pageToken") ?? "" };
        var response = await users.ListUsersAsync(request, http.CallOptions());
        var page = new UserPage { Users = response.Users.ToJson(), NextPageToken = Answers.Token(response.NextPageToken) };
        return ReaderPace.Json(http, page, GatewayJson.Default.UserPage, response.CalculateSize());
    }

    private static async Task<IResult> GetAsync(string userId, HttpContext http, UsersService.UsersServiceClient users)
    {
        var response = await users.GetUserAsync(new GetUserRequest { UserId = userId }, http.CallOptions());
        return TypedResults.Json(response.User.ToJson(), GatewayJson.Default.User);
    }

    private static async Task<IResult> UpdateAsync(string userId, HttpContext http, UsersService.UsersServiceClient users)
    {
        var options = http.CallOptions();
        var body = await JsonBody.ReadAsync(http, GatewayJson.Default.UpdateUser);
        var errors = new RequestErrors();
        var user = new ProtoUser { UserId = userId, Version = errors.Required("version", body.Version) };
        var mask = new FieldMask();
        if (body.DisplayName is { } name)
        {
            user.DisplayName = name;
            mask.Paths.Add("display_name");
        }

        if (body.Email is { } email)
        {
            user.Email = email;
            mask.Paths.Add("email");
        }

        if (mask.Paths.Count == 0)
            errors.Add("$", "must have one or both of displayName and email");
        errors.ThrowIfAny();

        var response = await users.UpdateUserAsync(new UpdateUserRequest { User = user, UpdateMask = mask }, options);
        Answers.WroteUser(http, response.User.UserId, response.Etag);
        return TypedResults.Json(response.User.ToJson(), GatewayJson.Default.User);
    }
}
